using Orrery.Kernel.Statistics;
using Orrery.Kernel.Time;
using Orrery.World.Cost;
using Orrery.World.Profiles;
using Orrery.World.Steps;

namespace Orrery.World.Training;

/// <summary>
/// Prices training work beside the inference of a step, over any execution style: what goes through the layers forward is part of that
/// style's batch, the rest is added as <see cref="TrainingShare"/> says.
/// </summary>
/// <param name="inner">Prices everything that goes forward. One pipeline stage.</param>
/// <param name="roofline">The same deployment's coefficients, for the rest.</param>
/// <param name="training">What is trained.</param>
public sealed class TrainingCost(ICostModel inner, RooflineCost roofline, AdapterTraining training) : ICostModel
{
    private readonly TrainingTimes _times = new(roofline, training);

    public int PipelineStages => inner.PipelineStages;

    public IReadOnlyList<ProfileFamily> Extrapolated => inner.Extrapolated;

    public StepCost CreateStep() => new Step(inner.CreateStep(), inner.CreateStep(), _times);

    private sealed class Step(StepCost inner, StepCost alone, TrainingTimes times) : StepCost
    {
        private readonly StepShape _aloneShape = new();
        private bool _hasInner;
        private double _factor;
        private double _extra;
        private TrainingTerms _terms;
        private WideSum _flops;
        private long _bytes;

        public override void Prepare(StepShape shape)
        {
            ArgumentNullException.ThrowIfNull(shape);
            _hasInner = !shape.IsEmpty;
            if (_hasInner) inner.Prepare(shape);
            _factor = 1;
            _extra = 0;
            _terms = default;
            _flops = default;
            _bytes = 0;
            if (shape.Training is { } work) Add(work);
        }

        public override Duration At(int k)
        {
            double nanoseconds = _hasInner ? inner.At(k).Nanoseconds * _factor : 0;
            return RooflineStepCost.Round(nanoseconds + _extra);
        }

        public override Duration StageAt(int k) => At(k);

        public override Int128 FlopsAt(int k) => (_hasInner ? inner.FlopsAt(k) : 0) + _flops.Value;

        public override long MemoryBytesAt(int k) => (_hasInner ? inner.MemoryBytesAt(k) : 0) + _bytes;

        public override (Int128 Flops, Int128 MemoryBytes) Totals(int steps)
        {
            (Int128 flops, Int128 bytes) = _hasInner ? inner.Totals(steps) : (0, 0);
            return (flops + (steps * _flops.Value), bytes + ((Int128)steps * _bytes));
        }

        public override StepTerms TermsAt(int k)
        {
            const double s = 1e-9;
            StepTerms terms = _hasInner ? inner.TermsAt(k) : default;
            return terms with
            {
                ComputeSeconds = terms.ComputeSeconds + (_terms.Time.Compute * s),
                MemorySeconds = terms.MemorySeconds + (_terms.Time.Memory * s),
                NetworkSeconds = terms.NetworkSeconds + (_terms.Network * s),
                LaunchSeconds = terms.LaunchSeconds + (_terms.Time.Launch * s),
                ElapsedSeconds = At(k).Seconds,
            };
        }

        private void Add(TrainingWork work)
        {
            _terms = times.Forward(work) + times.Backward(work);
            _extra = _terms.Elapsed;
            _flops.Add(_terms.Flops);
            _bytes = _terms.Bytes;
            if (work is { ForwardTokens: > 0, Share: not TrainingShare.Fused }) AddOwnPass(work);
            else if (!_hasInner) _extra += times.StepCpu;
            if (work.Share != TrainingShare.Beside || !_hasInner) return;
            _factor = work.InferenceSlowdown;
            _extra = 0;
        }

        private void AddOwnPass(TrainingWork work)
        {
            _aloneShape.Clear();
            _aloneShape.AddTrainingChunk(new(work.ForwardTokens, work.ForwardHistory, false));
            alone.Prepare(_aloneShape);
            _extra += alone.At(0).Nanoseconds;
            _flops.Add(alone.FlopsAt(0));
            _bytes += alone.MemoryBytesAt(0);
        }
    }
}
