using Orrery.Kernel.Time;
using Orrery.World.Cost;

namespace Orrery.Serving.Execution;

/// <summary>
/// Virtual time: step ends come from a cost model. With one pipeline stage it runs ahead; with more, steps follow each other through
/// the stages, each entering a stage when the step before has left it.
/// </summary>
/// <remarks>
/// Stages are taken as equally slow as the slowest one, unless the cost model tells them apart. Every step's time is rounded to a nanosecond by the cost model and added to the
/// end before, exactly as a single step would be.
/// </remarks>
public sealed class ModelledExecutor : IStepExecutor, IPacedExecutor
{
    /// <summary>Steps computed ahead at first; doubled at each extension, so little is wasted when an arrival cuts the run.</summary>
    private const int FirstLookAhead = 16;

    private readonly ICostModel _model;
    private readonly Instant[] _stageFree;

    public ModelledExecutor(ICostModel model)
    {
        _model = model;
        _stageFree = new Instant[model.PipelineStages];
    }

    public int Depth => _stageFree.Length;

    public bool RunsAhead => Depth == 1;

    public StepPace Pace { get; set; } = StepPace.Full;

    public Instant ReadyAt => Depth == 1 ? Instant.Zero : _stageFree[0];

    public void Start(StepRun run)
    {
        run.Plan.Describe(run.Shape);
        StepCost cost = run.Cost ??= _model.CreateStep();
        cost.Prepare(run.Shape);
        if (Depth == 1) AppendSteps(run, run.Start + run.Plan.Delay, Math.Min(run.Horizon, FirstLookAhead));
        else Traverse(run, cost);
    }

    public void Extend(StepRun run) => AppendSteps(run, run.LastEnd, Math.Min(run.Horizon, run.Count * 2));

    private void AppendSteps(StepRun run, Instant from, int until)
    {
        StepCost cost = run.Cost!;
        bool isDecodeOnly = run.Plan.IsDecodeOnly;
        long end = from.Nanoseconds;
        for (int k = run.Count; k < until; k++)
        {
            end += Pace.Nanoseconds(cost.At(k).Nanoseconds, isDecodeOnly);
            run.Append(Instant.FromNanoseconds(end));
        }
    }

    private void Traverse(StepRun run, StepCost cost)
    {
        bool isDecodeOnly = run.Plan.IsDecodeOnly;
        Instant leaves = run.Start + run.Plan.Delay;
        for (int i = 0; i < _stageFree.Length; i++)
        {
            leaves = Instant.Max(leaves, _stageFree[i]) + Duration.FromNanoseconds(Pace.Nanoseconds(cost.StageAt(0, i).Nanoseconds, isDecodeOnly));
            _stageFree[i] = leaves;
        }
        run.Append(leaves);
    }
}
