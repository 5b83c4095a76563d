using Orrery.Kernel;
using Orrery.World.Catalogue;
using Orrery.World.Deployments;
using Orrery.World.Hardware;
using Orrery.World.Models;

namespace Orrery.Lab.Calibration;

/// <summary>One measured setting of a served model: steady state at a batch size.</summary>
/// <param name="Task">Workload, which decides the length of prompts.</param>
/// <param name="ModelId">As the table calls it.</param>
/// <param name="Deployment">What ran: model, device, cut, formats.</param>
/// <param name="Batch">Mean sequences in a step.</param>
/// <param name="PromptTokens">Mean prompt; the table has none, see <see cref="PowerTable.PromptTokens"/>.</param>
/// <param name="OutputTokens">Mean answer.</param>
/// <param name="TokensPerSecond">Output tokens of all devices.</param>
/// <param name="Watts">Of all devices.</param>
public sealed record PowerRow(
    string Task, string ModelId, Deployment Deployment, double Batch, int PromptTokens, double OutputTokens, double TokensPerSecond, double Watts)
{
    /// <summary>Catalogue name of the device.</summary>
    public string Device => Deployment.Device.Name;

    /// <summary>Of one device.</summary>
    public double DeviceWatts => Watts / Deployment.Parallel.Devices;

    /// <summary>GPU energy per output token, prompts included.</summary>
    public double JoulesPerToken => Watts / TokensPerSecond;
}

/// <summary>
/// Reads the table of the ML.ENERGY benchmark (one line per setting: model, device, parallelism, batch, throughput, power), by the names in its
/// header. What the catalogue does not know is left out with one warning each.
/// </summary>
/// <remarks>
/// The table tells expert parallelism where attention is cut over the same devices, so that the tensor degree is the number of devices (d).
/// Prompts are not in the table; their means by task are assumed (d).
/// </remarks>
public static class PowerTable
{
    /// <summary>The engine that the benchmark ran, as far as its times were fitted to it.</summary>
    public const string EngineName = "mlenergy-vllm";

    private const string Devices = "num_gpus";

    private static readonly string[] Needed =
        ["task", "model_id", "weight_precision", "gpu_model", Devices, "expert_parallel", "avg_batch_size", "avg_output_len", "output_throughput_tokens_per_sec", "avg_power_watts"];

    /// <summary>Whether a header is that of such a table.</summary>
    public static bool Recognises(string header)
    {
        ArgumentNullException.ThrowIfNull(header);
        string[] columns = header.Split(',');
        return Needed.All(columns.Contains);
    }

    /// <summary>Mean prompt by task, in tokens (d): questions of a chat arena, of a science examination, code around a gap, an image or a clip with a question.</summary>
    public static int PromptTokens(string task) => task switch
    {
        "gpqa" => 300,
        "sourcegraph-fim" => 2500,
        "image-chat" => 600,
        "video-chat" => 2500,
        _ => 150,
    };

    /// <param name="path">The table.</param>
    /// <param name="warn">Is told once of each model, device or format that is not known, and of each line that does not fit.</param>
    /// <exception cref="InputException">The file cannot be read or has another header.</exception>
    public static IReadOnlyList<PowerRow> Read(string path, Action<string> warn)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(warn);
        string[] lines;
        try
        {
            lines = File.ReadAllLines(path);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: {unreadable.Message}");
        }
        return Parse(lines, path, warn);
    }

    /// <summary>The same from lines, the header first.</summary>
    public static IReadOnlyList<PowerRow> Parse(IReadOnlyList<string> lines, string path, Action<string> warn)
    {
        ArgumentNullException.ThrowIfNull(lines);
        ArgumentNullException.ThrowIfNull(warn);
        string[] header = lines.Count > 0 ? lines[0].Split(',') : [];
        if (Needed.FirstOrDefault(column => !header.Contains(column)) is { } missing)
            throw new InputException($"{path}: the column '{missing}' is missing; a table of power has {string.Join(", ", Needed)}");
        var warned = new HashSet<string>();
        var rows = new List<PowerRow>();
        for (int i = 1; i < lines.Count; i++)
        {
            if (lines[i].Length == 0) continue;
            try
            {
                rows.Add(Row(new CsvLine(header, lines[i].Split(','))));
            }
            catch (InputException unknown)
            {
                if (warned.Add(unknown.Message)) warn($"{path}:{i + 1}: {unknown.Message}; such lines are left out");
            }
        }
        return rows;
    }

    private static PowerRow Row(CsvLine line)
    {
        string id = line.Text("model_id");
        ModelSpec model = Catalog.Model(id);
        DeviceSpec device = Catalog.Device(line.Text("gpu_model").ToLowerInvariant());
        int devices = (int)line.Number(Devices);
        int expert = model.Experts is null ? 1 : (int)line.Number("expert_parallel");
        Deployment deployment = Deployment.Create(
            model, device, new ParallelPlan(devices, 1, expert), Format(line.Text("weight_precision"), device), profile: Catalog.ProfileOf(device), engine: Catalog.Engine(EngineName));
        string task = line.Text("task");
        return new(
            task, id, deployment, line.Number("avg_batch_size"), PromptTokens(task), line.Number("avg_output_len"),
            line.Number("output_throughput_tokens_per_sec"), line.Number("avg_power_watts"));
    }

    private static PrecisionPlan Format(string name, DeviceSpec device) => name switch
    {
        "bfloat16" or "float16" => PrecisionPlan.SixteenBit,
        "fp8" => new(Precision.Fp8, Precision.Bf16, device.PeakRates.ContainsKey(Precision.Fp8) ? Precision.Fp8 : Precision.Bf16),
        "mxfp4" or "nvfp4" or "fp4" => new(Precision.Fp4),
        "int8" => new(Precision.Int8),
        "int4" or "awq" or "gptq" => new(Precision.Int4),
        _ => throw new InputException($"the weight format '{name}' is not known; known are bfloat16, fp8, mxfp4, int8 and int4"),
    };

    private sealed class CsvLine(string[] header, string[] cells)
    {
        public string Text(string column)
        {
            int index = Array.IndexOf(header, column);
            return index < cells.Length ? cells[index] : throw new InputException($"the line has no value for '{column}'");
        }

        public double Number(string column) =>
            double.TryParse(Text(column), System.Globalization.CultureInfo.InvariantCulture, out double value) && double.IsFinite(value) && value > 0
                ? value
                : throw new InputException($"'{column}' needs a number above 0, not '{Text(column)}'");
    }
}
