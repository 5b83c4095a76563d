using Orrery.World.Cost;
using Orrery.World.Deployments;
using Orrery.World.Hardware;
using Orrery.World.Models;
using Orrery.World.Profiles;

namespace Orrery.Live.Calibration;

/// <summary>
/// A law of steps as the families of a profile, so that the cost model of every other device tells this one's times too. Elementwise work is
/// within the products, which are given all that rows cost, each its share by the roofline; a step's fixed cost is within them as well.
/// </summary>
internal static class LawProfile
{
    /// <summary>What is left to kernels whose time is within others': a millionth.</summary>
    private const double Nothing = 1.0 / (1 << 20);

    /// <summary>Points of an axis between two knots: what is straight between knots is no power law.</summary>
    private const int PointsBetween = 3;

    /// <summary>Chunks and histories at which the surface of prompts has its points, besides the multiples of a tile and what follows each.</summary>
    private static readonly int[] Short = [1, 2, 4, 8, 16, 32, 48];

    private static readonly int[] HistoryPoints = [0, 16, 64, 128, 256, 512, 1024, 2048, 4096, 8192];

    private static readonly int[] ContextPoints = [1, 4, 16, 64, 256, 1024, 4096, 16384];

    /// <summary>Tiles up to which a chunk has points of its own.</summary>
    private const int Tiles = 8;

    /// <param name="law">Times of steps.</param>
    /// <param name="model">Whose they are.</param>
    /// <param name="precision">Formats that the scenario will name; the shares of the products depend on them.</param>
    /// <param name="device">Whose roofline the ratios are held against.</param>
    public static DeviceProfile Of(StepLaw law, ModelSpec model, PrecisionPlan precision, DeviceSpec device)
    {
        Deployment deployment = Deployment.Create(model, device, precision: precision);
        Precision format = precision.Activations == Precision.Fp32 ? Precision.Fp32 : Precision.Bf16;
        LayerOperators operators = LayerOperators.Of(deployment);
        LinearOperator logits = operators.Head.First(op => op.IsMatrix);
        MatrixIdeal[] layer = [.. operators.Attention.Concat(operators.DenseFfn).Where(op => op.IsMatrix).Select(op => Ideal(op, precision.BytesPerWeight))];
        MatrixIdeal head = Ideal(logits, precision.BytesPerActivation);
        EfficiencySurface rows = Curve(law.Rows, count => model.Layers * layer.Sum(ideal => ideal.Seconds(count)));
        List<MatrixCurve> curves = [new(format, logits.Outputs, logits.Inputs, Curve(law.Sampled, head.Seconds))];
        AttentionSite site = AttentionSite.Of(device, model.Heads, model.KvHeads, model.HeadWidth, precision.BytesPerKvElement);
        return new DeviceProfile
        {
            Name = device.Name,
            Source = device.Source,
            Matrices = new(new Dictionary<Precision, EfficiencySurface> { [format] = OverRows(rows) }, curves),
            Vectors = new(new Dictionary<string, EfficiencySurface> { [VectorEfficiency.Any] = Flat(VectorEfficiency.Coordinates, Nothing) }),
            Prefill = new(0, Prompts(law, site)),
            Decode = new(0, Decodes(law, site), Flat(DecodeAttentionEfficiency.SkewAxisNames, Nothing)),
            Mixed = MixedAttentionEfficiency.OneAfterTheOther,
            Engine = new() { StepCpuSeconds = 0, SequenceCpuSeconds = 0, StepGapSeconds = 0, RuntimeBytes = 0, GraphMaxTokens = 0 },
        };

        MatrixIdeal Ideal(LinearOperator op, double bytesPerWeight) => MatrixIdeal.Of(device, format, op.Outputs, op.Inputs, bytesPerWeight);
    }

    /// <summary>What the surfaces of attention have on axes that do not matter here.</summary>
    private static SurfaceAxis Any(string name) => new(name, 1);

    private static EfficiencySurface Flat(IReadOnlyList<string> axes, double ratio) => new([.. axes.Select(Any)], [Math.Log2(ratio)]);

    private static EfficiencySurface Curve(TimeCurve curve, Func<double, double> ideal)
    {
        double[] points = [.. Between(curve.Knots)];
        return new([new SurfaceAxis(MatrixEfficiency.Coordinates[0], points)], [.. points.Select(count => Log2(curve.At(count), ideal(count)))]);
    }

    private static IEnumerable<double> Between(IReadOnlyList<int> knots)
    {
        for (int i = 0; i + 1 < knots.Count; i++)
        {
            yield return knots[i];
            int last = knots[i];
            for (int k = 1; k <= PointsBetween; k++)
            {
                int point = (int)Math.Round(knots[i] * Math.Pow((double)knots[i + 1] / knots[i], (double)k / (PointsBetween + 1)));
                if (point <= last || point >= knots[i + 1]) continue;
                last = point;
                yield return point;
            }
        }
        yield return knots[^1];
    }

    private static EfficiencySurface OverRows(EfficiencySurface rows) =>
        new([rows.Axes[0], .. MatrixEfficiency.Coordinates.Skip(1).Select(Any)], rows.Log2Ratios);

    private static EfficiencySurface Decodes(StepLaw law, AttentionSite site)
    {
        SurfaceAxis contexts = new(DecodeAttentionEfficiency.AxisNames[0], [.. ContextPoints.Select(point => (double)point)]);
        return new(
            [contexts, .. DecodeAttentionEfficiency.AxisNames.Skip(1).Select(Any)],
            [.. contexts.Points.Select(context => Log2(law.ContextSeconds * context, DecodeAttentionEfficiency.IdealSeconds(site, 1, context, 1, 0)))]);
    }

    private static EfficiencySurface Prompts(StepLaw law, AttentionSite site)
    {
        const int tile = PrefillWork.TileRows;
        int[] lengths = [.. Short, .. Enumerable.Range(1, Tiles).SelectMany(tiles => new[] { tiles * tile, (tiles * tile) + 1, (tiles * tile) + (tile / 2) }), 1024, 2048, 4096];
        SurfaceAxis tokens = new(PrefillAttentionEfficiency.AxisNames[0], [.. lengths.Distinct().Order().Select(point => (double)point)]);
        SurfaceAxis histories = new(PrefillAttentionEfficiency.AxisNames[3], [.. HistoryPoints.Select(point => (double)point + tile)]);
        List<double> ratios = [];
        foreach (double length in tokens.Points)
        {
            foreach (double before in histories.Points)
            {
                PrefillWork work = default;
                double history = before - tile;
                work.Add((long)length, (long)history);
                double seconds = (law.PairSeconds * ((length * history) + (length * (length + 1) / 2))) + (law.KvTokenSeconds * (history + length));
                ratios.Add(Log2(seconds, PrefillAttentionEfficiency.IdealSeconds(site, work, 0)));
            }
        }
        return new([tokens, .. PrefillAttentionEfficiency.AxisNames.Skip(1).Take(2).Select(Any), histories, Any(PrefillAttentionEfficiency.AxisNames[4])], ratios);
    }

    private static double Log2(double seconds, double ideal) => Math.Log2(Math.Max(seconds / ideal, Nothing));
}
