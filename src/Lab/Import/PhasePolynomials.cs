using Orrery.Documents;
using Orrery.Kernel;
using Orrery.World.Hardware;

namespace Orrery.Lab.Import;

/// <summary>A quadratic or linear fit with three coefficients, in milliseconds.</summary>
public readonly record struct PhaseCoefficients(double A, double B, double C);

/// <summary>
/// DistServe's fitted times of whole iterations of one model on one device and engine: prefill a + b·Σtokens + c·Σtokens², decode step
/// a + b·Σcontext + c·batch, in milliseconds; both divided by the pipeline depth, prefill plus a millisecond per stage (the simulator of
/// DistServe, OSDI 2024, source code, b).
/// </summary>
/// <param name="Device">Catalogue name, or the source's.</param>
/// <param name="Engine">Engine that was fitted, such as <c>distserve</c> or <c>vllm</c>.</param>
/// <param name="Model">Catalogue name, or the source's.</param>
/// <param name="Tensor">Tensor-parallel degree.</param>
/// <param name="Prefill">Of the prefill.</param>
/// <param name="SmallDecode">Of decode steps below the threshold.</param>
/// <param name="LargeDecode">Of the others.</param>
/// <param name="LargeBatch">Batch from which the second set holds.</param>
public sealed record PhasePolynomial(
    string Device, string Engine, string Model, int Tensor, PhaseCoefficients Prefill, PhaseCoefficients SmallDecode, PhaseCoefficients LargeDecode, int LargeBatch)
{
    private const double StageMilliseconds = 1;

    /// <summary>Seconds of one prefill of these prompts together.</summary>
    /// <param name="promptTokens">Length of each prompt.</param>
    /// <param name="pipeline">Pipeline depth.</param>
    public double PrefillSeconds(IReadOnlyList<int> promptTokens, int pipeline = 1)
    {
        ArgumentNullException.ThrowIfNull(promptTokens);
        (double sum, double squares) = (0, 0);
        foreach (int tokens in promptTokens)
        {
            sum += tokens;
            squares += (double)tokens * tokens;
        }
        double milliseconds = Prefill.A + (Prefill.B * sum) + (Prefill.C * squares);
        return ((milliseconds / pipeline) + (StageMilliseconds * pipeline)) * RowFields.Milliseconds;
    }

    /// <summary>Seconds of one decode step.</summary>
    /// <param name="batch">Sequences.</param>
    /// <param name="contextTokens">Tokens attended by all of them together.</param>
    /// <param name="pipeline">Pipeline depth.</param>
    public double DecodeSeconds(int batch, long contextTokens, int pipeline = 1)
    {
        PhaseCoefficients fit = batch < LargeBatch ? SmallDecode : LargeDecode;
        return (fit.A + (fit.B * contextTokens) + (fit.C * batch)) / pipeline * RowFields.Milliseconds;
    }
}

/// <summary>Reads DistServe's coefficient files, <c>profiler-DEVICE.ENGINE.json</c>.</summary>
public static class PhasePolynomials
{
    private const string Prefix = "profiler-";

    /// <summary>Names of the files.</summary>
    public const string Pattern = Prefix + "*.json";

    /// <summary>All fits of a file, or of every such file in a folder of any depth, in ordinal order.</summary>
    /// <exception cref="InputException">Nothing is there, or a file is malformed.</exception>
    public static IReadOnlyList<PhasePolynomial> Read(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        string[] files = !Directory.Exists(path)
            ? [path]
            : [.. Directory.EnumerateFiles(path, Pattern, SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
        if (files.Length == 0) throw new InputException($"{path}: no coefficients are here; they lie in files named {Prefix}DEVICE.ENGINE.json");
        return [.. files.SelectMany(ReadFile)];
    }

    private static IEnumerable<PhasePolynomial> ReadFile(string path)
    {
        string stem = Path.GetFileNameWithoutExtension(path);
        if (stem.StartsWith(Prefix, StringComparison.Ordinal)) stem = stem[Prefix.Length..];
        int dot = stem.LastIndexOf('.');
        (string written, string engine) = dot < 0 ? (stem, "") : (stem[..dot], stem[(dot + 1)..]);
        string device = CatalogNames.Device(written) is DeviceSpec known ? known.Name : written;
        Node document = Document.Load(path);
        if (document.Kind != NodeKind.Mapping || document.Entries.Count == 0) throw document.Error("coefficients by model are needed");
        foreach ((string model, Node degrees) in document.Entries)
        {
            string name = CatalogNames.Model(model)?.Name ?? model;
            foreach ((string degree, Node fits) in degrees.Entries)
            {
                if (!int.TryParse(degree, out int tensor) || tensor < 1) throw fits.KeyError($"'{degree}' is no tensor-parallel degree");
                MapReader map = fits.AsMap();
                PhaseCoefficients large = Coefficients(map.Required("decoding_largebs"));
                PhaseCoefficients small = map.Optional("decoding_smallbs") is { } node ? Coefficients(node) : large;
                yield return new(
                    device, engine, name, tensor, Coefficients(map.Required("prefill")), small, large, map.Int("decoding_large_small_bs_threshold", 0, 0));
            }
        }
    }

    private static PhaseCoefficients Coefficients(Node node)
    {
        IReadOnlyList<Node> items = node.AsList();
        return items.Count == 3 ? new(items[0].AsNumber(), items[1].AsNumber(), items[2].AsNumber()) : throw node.Error($"three coefficients are needed, not {items.Count}");
    }
}
