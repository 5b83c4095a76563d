using System.Text.Json;
using Orrery.Documents;
using Orrery.World.Profiles;

namespace Orrery.Cli.Tests;

public sealed class CalibrateTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_data_folder_gives_profiles_and_power_the_same_each_time()
    {
        string data = Data();
        CliResult result = Cli.Run("calibrate", data, "--out", _folder.At("a"), "--power", _folder.At("power.yaml"), "--json", _folder.At("r.json"));
        Assert.Equal(0, result.ExitCode);
        Assert.Contains("h100-sxm", result.Output, StringComparison.Ordinal);
        Assert.Contains("no operator tables in traces-x; passed over", result.Error, StringComparison.Ordinal);
        Assert.Equal(["a100-sxm-80gb.yaml", "h100-sxm.yaml", "transfer.yaml"], Directory.EnumerateFiles(_folder.At("a")).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
        Assert.Contains("device: h100-sxm", File.ReadAllText(_folder.At("power.yaml")), StringComparison.Ordinal);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(_folder.At("r.json")));
        Assert.Equal("orrery.calibration/1", json.RootElement.GetProperty("schema").GetString());
        Assert.Equal(3, json.RootElement.GetProperty("profiles").GetArrayLength());
        Cli.Run("calibrate", data, "--out", _folder.At("b"));
        foreach (string file in Directory.EnumerateFiles(_folder.At("a")))
            Assert.Equal(File.ReadAllText(file), File.ReadAllText(Path.Combine(_folder.At("b"), Path.GetFileName(file))));
    }

    [Fact]
    public void One_device_alone_gives_its_profile()
    {
        CliResult result = Cli.Run("calibrate", Path.Combine(Data(), "profiles-x"), "--device", "a100-sxm-80gb", "--out", _folder.At("a"));
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Equal("a100-sxm-80gb.yaml", Path.GetFileName(Assert.Single(Directory.EnumerateFiles(_folder.At("a")))));
    }

    [Fact]
    public void Wrong_tables_are_told()
    {
        string data = Data();
        Fails($"--device: there are no tables of 'h100-sx'; did you mean 'h100-sxm'?", "calibrate", data, "--device", "h100-sx");
        Fails("no table of measured times is here", "calibrate", Path.Combine(data, "traces-x"));
        Fails("--power: there is no table of measured power", "calibrate", Path.Combine(data, "profiles-x"), "--power", _folder.At("p.yaml"));
        Fails("is a table and --requests a log", "calibrate", data, "--requests", "r.csv");
    }

    [Fact]
    public void The_shipped_model_on_this_machine_gives_files_that_a_scenario_reads_as_they_are()
    {
        CliResult result = Cli.Run("calibrate", "--engine", "tiny-kjv", "--quick", "--threads", "1", "--out", _folder.At("here"), "--json", _folder.At("r.json"));
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Contains("left out", result.Output, StringComparison.Ordinal);
        foreach (string file in new[] { "profile.yaml", "device.yaml" })
        {
            string text = File.ReadAllText(Path.Combine(_folder.At("here"), file));
            Node node = Document.Load(Path.Combine(_folder.At("here"), file));
            Node again = file == "profile.yaml" ? DeviceProfile.Read(node).Write() : node;
            Assert.Equal(text, YamlText.Write(again, text[2..text.IndexOf('\n', StringComparison.Ordinal)]));
        }
        CliResult run = Cli.Run("simulate", Path.Combine(_folder.At("here"), "scenario.yaml"), "--json", _folder.At("run.json"));
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(_folder.At("r.json")));
        Assert.Equal("orrery.engine-calibration/1", json.RootElement.GetProperty("schema").GetString());
        Assert.Equal("all", json.RootElement.GetProperty("errors")[0].GetProperty("steps").GetString());
    }

    [Fact]
    public void Flags_of_a_measurement_that_do_not_fit_are_told()
    {
        Fails("orrery calibrate needs --engine MODEL beside --threads and --quick", "calibrate", "--quick");
        Fails("--threads: 'x' is not a whole number from 1 to", "calibrate", "--engine", "tiny-kjv", "--threads", "x");
        Fails("--engine: it measures this machine; leave", "calibrate", "--engine", "tiny-kjv", "--device", "h100-sxm");
        Fails("'tables' is a table and --engine measures this machine", "calibrate", "tables", "--engine", "tiny-kjv");
        Fails("no-such.gguf", "calibrate", "--engine", "no-such.gguf");
    }

    [Fact]
    public void A_log_gives_a_profile_that_scenarios_take()
    {
        string scenario = _folder.At("s.yaml");
        File.WriteAllText(scenario, BadInput.Scenario.Replace("requests: 5", "requests: 40", StringComparison.Ordinal));
        Assert.Equal(0, Cli.Run("simulate", scenario, "--set", "profile=transfer", "--out", _folder.At("run")).ExitCode);
        CliResult result = Cli.Run("calibrate", "--requests", Path.Combine(_folder.At("run"), "requests.csv"), "--scenario", scenario, "--out", _folder.At("p.yaml"), "--json", _folder.At("r.json"));
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        Assert.Contains("judged", result.Output, StringComparison.Ordinal);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(_folder.At("r.json")));
        JsonElement part = json.RootElement.GetProperty("heldOut");
        Assert.True(Distance(part.GetProperty("after")) < Distance(part.GetProperty("before")));
        Assert.Equal(0, Cli.Run("simulate", scenario, "--set", $"profile={{file: '{_folder.At("p.yaml")}'}}").ExitCode);

        static double Distance(JsonElement metrics) => metrics.EnumerateObject().Sum(metric => metric.Value.GetProperty("wassersteinOverMean").GetDouble());
    }

    private static void Fails(string sentence, params string[] args)
    {
        CliResult result = Cli.Run(args);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(sentence, result.Error, StringComparison.Ordinal);
        Assert.Equal("", result.Output);
    }

    /// <summary>Two devices with three kinds of tables, a table of power, and a folder that has nothing to import.</summary>
    private string Data()
    {
        string data = _folder.At("data");
        foreach ((string device, double slow) in new[] { ("h100_sxm", 1.0), ("a100_sxm", 2.0) })
        {
            IEnumerable<string> products = from m in new[] { 1, 64, 1024, 8192 }
                                           from n in new[] { 1024, 4096, 16384 }
                                           from k in new[] { 1024, 4096 }
                                           select string.Create(System.Globalization.CultureInfo.InvariantCulture, $"0.24.0,bfloat16,{m},{n},{k},{slow * (0.004 + (2e-12 * m * n * k / 0.5) + (2e-9 * n * k / 2))}");
            Write($"profiles-x/{device}/gemm_perf.vllm-0.24.0.csv", "version,gemm_dtype,m,n,k,latency\n" + string.Join('\n', products) + "\n");
        }
        Write("profiles-x/README.md", "Source: somebody (commit 12). Licence: MIT.\n");
        Write("traces-x/README.md", "Source: somebody else. Licence: MIT.\n");
        Write("traces-x/trace.csv", "arrival_seconds,prompt_tokens,output_tokens\n0,10,4\n");
        Write("power-x/README.md", "Source: somebody third. Licence: MIT.\n");
        Write("power-x/llm.csv",
            "task,model_id,weight_precision,gpu_model,num_gpus,expert_parallel,avg_batch_size,avg_output_len,output_throughput_tokens_per_sec,avg_power_watts\n"
            + "chat,meta-llama/Llama-3.1-8B-Instruct,bfloat16,H100,1,1,8,400,1000,480\nchat,meta-llama/Llama-3.1-8B-Instruct,bfloat16,H100,1,1,64,400,6000,600\n");
        return data;

        void Write(string relative, string text)
        {
            string path = Path.Combine(data, relative);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, text);
        }
    }
}
