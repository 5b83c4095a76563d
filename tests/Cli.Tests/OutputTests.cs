using System.IO.Compression;
using System.Text.Json;

namespace Orrery.Cli.Tests;

/// <summary>Where results go: links, devices, compressed traces, folders.</summary>
public sealed class OutputTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly string _scenario;

    public OutputTests()
    {
        _scenario = _folder.At("s.yaml");
        File.WriteAllText(_scenario, BadInput.Scenario);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_link_is_followed_and_stays_a_link()
    {
        string target = _folder.At("real.json");
        File.WriteAllText(target, "old");
        File.CreateSymbolicLink(_folder.At("link.json"), target);
        Assert.Equal(0, Cli.Run("simulate", _scenario, "--json", _folder.At("link.json")).ExitCode);
        Assert.NotNull(new FileInfo(_folder.At("link.json")).LinkTarget);
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(target));
        Assert.Equal("orrery.run/1", document.RootElement.GetProperty("schema").GetString());
    }

    [Fact]
    public void A_device_is_written_and_not_replaced()
    {
        // A link stands for the device, so that a mistake here costs a file of the test and not the machine's device.
        Assert.SkipUnless(File.Exists("/dev/full"), "this system has no /dev/full");
        string link = _folder.At("full");
        File.CreateSymbolicLink(link, "/dev/full");
        CliResult result = Cli.Run("catalog", "grids", "--json", link);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains("a file could not be written", result.Error, StringComparison.Ordinal);
        Assert.Equal("/dev/full", new FileInfo(link).LinkTarget);
        Assert.Equal(0, new FileInfo("/dev/full").Length);
    }

    [Fact]
    public void A_trace_named_gz_is_compressed_and_reads_back()
    {
        string trace = _folder.At("t.csv.gz");
        CliResult made = Cli.Run("traffic", "make", "poisson", "--set", "rate=20/s", "--set", "requests=2000", "--set", "prompt=9", "--set", "output=8", "--out", trace);
        Assert.Equal($"2,000 requests written to {trace}\n", made.Output);
        using (var gzip = new GZipStream(File.OpenRead(trace), CompressionMode.Decompress))
        using (var reader = new StreamReader(gzip))
            Assert.StartsWith("arrival_seconds,", reader.ReadLine(), StringComparison.Ordinal);
        Assert.Contains("2,000 requests", Cli.Run("traffic", "describe", trace).Output, StringComparison.Ordinal);

        byte[] whole = File.ReadAllBytes(trace);
        File.WriteAllBytes(trace, whole[..(whole.Length / 2)]);
        CliResult half = Cli.Run("traffic", "describe", trace);
        Assert.Equal(2, half.ExitCode);
        Assert.Contains("the gzip data ends too early", half.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_is_no_file_for_a_trace()
    {
        CliResult made = Cli.Run("traffic", "make", "poisson", "--set", "rate=20/s", "--set", "requests=5", "--set", "prompt=9", "--set", "output=8", "--out", _folder.Path);
        Assert.Equal(2, made.ExitCode);
        Assert.Contains("this is a folder; name a file in it", made.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Capacity_leaves_its_result_lock_and_report()
    {
        string folder = _folder.At("cap");
        CliResult found = Cli.Run("capacity", _scenario, "--slo", "ttft=10s,tpot=1s", "--seeds", "1", "--tolerance", "0.4", "--out", folder);
        Assert.True(found.ExitCode == 0, found.Error);
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "result.json")));
        Assert.Equal("orrery.capacity/1", document.RootElement.GetProperty("schema").GetString());
        Assert.True(File.Exists(Path.Combine(folder, "scenario.lock.yaml")));
        Assert.Contains("requests/s meet", File.ReadAllText(Path.Combine(folder, "report.html")), StringComparison.Ordinal);
    }

    [Fact]
    public void Help_is_a_word_too()
    {
        Assert.Equal(Cli.Run("--help").Output, Cli.Run("help").Output);
        Assert.Equal(Cli.Run("simulate", "--help").Output, Cli.Run("help", "simulate").Output);
        Assert.Contains("did you mean 'simulate'?", Cli.Run("help", "simulat").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_full_disk_behind_standard_output_is_told()
    {
        using var output = new FullWriter();
        using var error = new StringWriter { NewLine = "\n" };
        using var terminal = new Shell.Terminal(output, error);
        Assert.Equal(2, EntryPoint.Run(["catalog", "grids"], terminal));
        Assert.Equal("standard output could not be written: No space left on device; free some space or send it elsewhere\n", error.ToString());
    }

    /// <summary>Takes all text and fails when it has to hand it over, as a buffered stream before a full disk does.</summary>
    private sealed class FullWriter : StringWriter
    {
        public override void Flush() => throw new IOException("No space left on device", 28);
    }
}
