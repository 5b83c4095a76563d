using Orrery.Kernel.Time;
using Orrery.World.Cost;
using Orrery.World.Deployments;
using Orrery.World.Profiles;
using Orrery.World.Steps;

namespace Orrery.World.StepTimes;

/// <summary>
/// Steps that take as long as a published table says. What they compute and read is still counted by the roofline of the deployment, so that
/// energy and utilisation mean the same as everywhere.
/// </summary>
public sealed class TableCost : ICostModel
{
    private readonly RooflineCost _work;

    /// <exception cref="Kernel.InputException">The table says nothing about the deployment.</exception>
    public TableCost(Deployment deployment, StepTimeTable table)
    {
        ArgumentNullException.ThrowIfNull(table);
        Row = table.RowOf(deployment);
        _work = new(deployment);
    }

    /// <summary>What is used of the table.</summary>
    public StepTimeRow Row { get; }

    public int PipelineStages => _work.PipelineStages;

    public IReadOnlyList<ProfileFamily> Extrapolated => [];

    public StepCost CreateStep() => new TableStepCost(Row, _work.Deployment, _work.CreateStep());
}

/// <summary>A prepared step. Only the context tokens of the decodes grow with k; every call computes from integers.</summary>
internal sealed class TableStepCost(StepTimeRow row, Deployment deployment, StepCost work) : StepCost
{
    private readonly int _stages = deployment.Parallel.Pipeline;
    private StepSums _sums;
    private long _sequences;

    public override void Prepare(StepShape shape)
    {
        ArgumentNullException.ThrowIfNull(shape);
        work.Prepare(shape);
        long squares = 0;
        foreach (PrefillChunk chunk in shape.Chunks) squares += ((2L * chunk.HistoryTokens) + chunk.Tokens) * chunk.Tokens;
        _sequences = shape.DecodeSequences;
        _sums = new(shape.PrefillTokens, squares, shape.DecodeTokens, shape.DecodeContextTokens);
    }

    public override Duration At(int k)
    {
        StepSums sums = Sums(k);
        return RooflineStepCost.Round((_stages * row.StageNanoseconds(sums, deployment)) + row.FirstStageNanoseconds(sums));
    }

    /// <summary>The slowest stage is the first.</summary>
    public override Duration StageAt(int k) => StageAt(k, 0);

    public override Duration StageAt(int k, int stage)
    {
        StepSums sums = Sums(k);
        double nanoseconds = row.StageNanoseconds(sums, deployment);
        return RooflineStepCost.Round(stage == 0 ? nanoseconds + row.FirstStageNanoseconds(sums) : nanoseconds);
    }

    public override Int128 FlopsAt(int k) => work.FlopsAt(k);

    public override long MemoryBytesAt(int k) => work.MemoryBytesAt(k);

    public override (Int128 Flops, Int128 MemoryBytes) Totals(int steps) => work.Totals(steps);

    public override StepTerms TermsAt(int k) => work.TermsAt(k) with { ElapsedSeconds = At(k).Seconds };

    private StepSums Sums(int k) => _sums with { ContextTokens = _sums.ContextTokens + (_sequences * k) };
}
