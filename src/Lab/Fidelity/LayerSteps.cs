using Orrery.Lab.Calibration;
using Orrery.World.Hardware;
using Orrery.World.Measurements;
using Orrery.World.Profiles;

namespace Orrery.Lab.Fidelity;

/// <summary>A step of a layer or of a whole model, measured.</summary>
/// <param name="Kind"><c>prefill</c>, <c>decode</c> or <c>mixed</c>.</param>
/// <param name="Skew">Longest over mean context of the decodes; 1 without.</param>
/// <param name="Load">Sequences.</param>
/// <param name="Measured">Seconds.</param>
/// <param name="Predicted">Seconds.</param>
public readonly record struct StepPoint(string Kind, double Skew, double Load, double Measured, double Predicted);

/// <summary>
/// Steps of one layer out of tables that time its operators one by one: attention of the batch as measured, and every other operator of the
/// layer at the tokens of the step, between measured numbers of tokens on a line in logarithms. Routed experts and what is not in the layer
/// are left out on both sides.
/// </summary>
internal sealed class LayerSteps
{
    private static readonly string[] OutsideLayer = ["head", "embedding", "sampling"];

    private readonly AttentionTable _attention;
    private readonly List<Curve> _curves = [];

    /// <param name="device">Data sheet.</param>
    /// <param name="set">Tables of one model and degree.</param>
    public LayerSteps(DeviceSpec device, MeasurementSet set)
    {
        _attention = new(device, set.Attention);
        foreach (var product in set.Matrices.Where(s => s.Name.Length > 0 && !OutsideLayer.Contains(s.Name)).GroupBy(s => (s.Name, s.Format, s.Outputs, s.Inputs)))
        {
            _curves.Add(new(
                [.. product.Select(s => (s.Rows, s.Seconds))],
                profile => profile.Matrices!.Of(device, product.Key.Format, product.Key.Outputs, product.Key.Inputs).Seconds));
        }
        foreach (var kernel in set.Vectors.Where(s => !OutsideLayer.Contains(s.Name)).GroupBy(s => (s.Name, s.BytesPerRow)))
        {
            _curves.Add(new(
                [.. kernel.Select(s => (s.Rows, s.Seconds))],
                profile => rows => profile.Vectors!.Of(device, kernel.Key.Name, kernel.Key.BytesPerRow).Seconds(rows)));
        }
    }

    /// <summary>Has a table of what a layer needs?</summary>
    public static bool CanRead(MeasurementSet set) =>
        set.Attention.Count > 0 && set.Matrices.Any(s => s.Name.Length > 0) && set.Vectors.Count > 0;

    /// <summary>Every measured batch whose tokens lie within the other tables.</summary>
    public IEnumerable<StepPoint> Predict(DeviceProfile profile)
    {
        long least = _curves.Max(curve => curve.Least);
        long most = _curves.Min(curve => curve.Most);
        Func<double, double>[] times = [.. _curves.Select(curve => curve.Times(profile))];
        Dictionary<long, (double Measured, double Predicted)> linear = [];
        foreach (AttentionSample s in _attention.Prefill.Concat(_attention.Decode).Concat(_attention.SkewedDecode).Concat(_attention.Mixed).Concat(_attention.SkewedMixed))
        {
            long tokens = ((long)s.Chunks * s.ChunkTokens) + s.Decodes;
            if (tokens < least || tokens > most) continue;
            if (!linear.TryGetValue(tokens, out (double Measured, double Predicted) rest))
                linear.Add(tokens, rest = (_curves.Sum(curve => curve.Measured(tokens)), times.Sum(time => time(tokens))));
            yield return new(
                KindOf(s), s.Decodes == 0 ? 1 : s.LongestDecodeContext / s.MeanDecodeContext, s.Chunks + s.Decodes,
                rest.Measured + s.Seconds, rest.Predicted + DeviceTables.AttentionSeconds(profile, _attention, s));
        }
    }

    /// <summary>Attention of the same batches alone.</summary>
    public static IEnumerable<StepPoint> Attention(DeviceProfile profile, AttentionTable table)
    {
        foreach (AttentionSample s in table.SkewedDecode.Concat(table.Mixed).Concat(table.SkewedMixed))
        {
            yield return new(
                KindOf(s), s.LongestDecodeContext / s.MeanDecodeContext, s.Chunks + s.Decodes, s.Seconds,
                DeviceTables.AttentionSeconds(profile, table, s));
        }
    }

    private static string KindOf(in AttentionSample s) => s.Decodes == 0 ? "prefill" : s.Chunks == 0 ? "decode" : "mixed";

    /// <summary>One operator over tokens.</summary>
    private sealed class Curve
    {
        private readonly double[] _rows;
        private readonly double[] _seconds;

        public Curve(IReadOnlyList<(long Rows, double Seconds)> points, Func<DeviceProfile, Func<double, double>> times)
        {
            (long Rows, double Seconds)[] rising =
                [.. points.Where(p => p.Seconds > 0).GroupBy(p => p.Rows).Select(p => (p.Key, p.Average(one => one.Seconds))).OrderBy(p => p.Key)];
            _rows = [.. rising.Select(p => (double)p.Rows)];
            _seconds = [.. rising.Select(p => p.Seconds)];
            Times = times;
        }

        public Func<DeviceProfile, Func<double, double>> Times { get; }

        public long Least => _rows.Length > 0 ? (long)_rows[0] : long.MaxValue;

        public long Most => _rows.Length > 0 ? (long)_rows[^1] : 0;

        public double Measured(double rows)
        {
            int at = Array.BinarySearch(_rows, rows);
            if (at >= 0) return _seconds[at];
            int above = ~at;
            double share = Math.Log(rows / _rows[above - 1]) / Math.Log(_rows[above] / _rows[above - 1]);
            return _seconds[above - 1] * Math.Pow(_seconds[above] / _seconds[above - 1], share);
        }
    }
}
