using System.Globalization;
using Orrery.Documents;
using Orrery.Kernel;
using Orrery.World.Hardware;

namespace Orrery.Lab.Import;

/// <summary>aiconfigurator's <c>systems/*.yaml</c>: its data sheets, compared with ours. They hold no measurement.</summary>
internal static class SystemSheets
{
    /// <summary>Sparse peaks are twice the dense ones; a half more cannot be rounding.</summary>
    private const double Suspicious = 1.5;

    private static readonly (string Key, Precision Format)[] Rates =
    [
        ("bfloat16_tc_flops", Precision.Bf16), ("int8_tc_flops", Precision.Int8), ("fp8_tc_flops", Precision.Fp8), ("fp4_tc_flops", Precision.Fp4),
    ];

    public static void Check(TableFile file, ImportSession session)
    {
        Node sheet;
        try
        {
            sheet = Document.Load(file.Path);
        }
        catch (InputException)
        {
            // Somebody's data sheet is not what the user came for.
            return;
        }
        if (sheet["gpu"] is not { Kind: NodeKind.Mapping } gpu || Number(gpu["mem_bw"]) is not { } bandwidth) return;
        if (CatalogNames.Device(file.Stem) is not { } device) return;
        foreach ((string key, Precision format) in Rates)
        {
            if (Number(gpu[key]) is not { } stated || device.PeakRate(format) is not { } ours) continue;
            if (stated / ours.Value is > Suspicious or < 1 / Suspicious) Warn(key, stated / 1e12, ours.Value / 1e12, "TFLOP/s");
        }
        if (bandwidth / device.MemoryBandwidth.Value is > Suspicious or < 1 / Suspicious)
            Warn("mem_bw", bandwidth / 1e9, device.MemoryBandwidth.Value / 1e9, "GB/s");

        void Warn(string key, double stated, double ours, string unit) => session.Set(file, file.Stem, "").Warn(string.Create(
            CultureInfo.InvariantCulture,
            $"{file.Relative}: {key} is {stated:0} {unit}, the catalogue's {device.Name} has {ours:0} {unit} dense; is one of them a sparse peak?"));
    }

    private static double? Number(Node? node) =>
        node is { Kind: NodeKind.Scalar } && double.TryParse(node.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value : null;
}
