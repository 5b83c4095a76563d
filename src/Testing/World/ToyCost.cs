using Orrery.Kernel.Time;
using Orrery.World.Cost;
using Orrery.World.Steps;

namespace Orrery.Testing.World;

/// <summary>
/// A cost model simple enough to predict by hand: a step takes a base, plus so much per token, plus so much per token of decode context,
/// rounded up to a grid. A coarse grid makes many events fall on the same instant, which is where schedulers and clocks go wrong.
/// </summary>
public sealed class ToyCost(Duration perStep, Duration perToken, Duration perContextToken, Duration grid, int stages = 1) : ICostModel
{
    public int PipelineStages => stages;

    /// <summary>Every step takes the same time, whatever is in it.</summary>
    public static ToyCost Constant(Duration perStep) => new(perStep, Duration.Zero, Duration.Zero, Duration.FromNanoseconds(1));

    public StepCost CreateStep() => new Step(perStep, perToken, perContextToken, grid, stages);

    private sealed class Step(Duration perStep, Duration perToken, Duration perContextToken, Duration grid, int stages) : StepCost
    {
        private long _tokens;
        private long _context;
        private int _decodes;

        public override void Prepare(StepShape shape)
        {
            _tokens = shape.Tokens;
            if (shape.Training is { } work) _tokens += work.BackwardTokenLayers + (work.Share == TrainingShare.Fused ? 0 : work.ForwardTokens);
            _context = shape.DecodeContextTokens - shape.RepeatedContextTokens;
            _decodes = shape.DecodeSequences;
        }

        public override Duration At(int k) => StageAt(k) * stages;

        public override Duration StageAt(int k)
        {
            Duration exact = perStep + perToken * _tokens + perContextToken * (_context + (long)k * _decodes);
            long cells = (exact.Nanoseconds / stages + grid.Nanoseconds - 1) / grid.Nanoseconds;
            return grid * Math.Max(1, cells);
        }

        public override Int128 FlopsAt(int k) => _tokens * 1000 + _context + (long)k * _decodes;

        public override long MemoryBytesAt(int k) => 1_000_000 + _context + (long)k * _decodes;

        public override StepTerms TermsAt(int k) => new(At(k).Seconds, 0, 0, 0, 0, 0, At(k).Seconds);
    }
}
