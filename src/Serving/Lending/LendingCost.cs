using Orrery.Kernel.Statistics;
using Orrery.Kernel.Time;
using Orrery.World.Cost;
using Orrery.World.Profiles;
using Orrery.World.Steps;

namespace Orrery.Serving.Lending;

/// <summary>
/// Steps of a replica whose decodes may attend to tokens elsewhere, and which attends to tokens of others: latency of a layer = max(attention here,
/// round trip + bytes / bandwidth + attention there) + combine (Infinite-LLM, arXiv 2401.02669, our reading (d)), summed over the layers; then what it
/// does for others.
/// </summary>
/// <remarks>
/// Layers are equal, so the sum of maxima is the maximum of sums. Times of attention are differences of the inner model: the same decodes with
/// their contexts and with one token. Approximations: owner and holder step in turn, so a holder attends to each guest once in each of its own steps,
/// and its own work does not delay the answer; KV that goes out does so beside the step, which lasts at least as long as the copy; while a
/// layer reads a prompt, that prompt's KV of the layer is here, and is streamed out behind it.
/// </remarks>
/// <param name="inner">Cost of steps without lending. One pipeline stage.</param>
/// <param name="replica">Index of the replica.</param>
/// <param name="work">What its next step does for and with others.</param>
/// <param name="prices">What that costs beside attention.</param>
public sealed class LendingCost(ICostModel inner, int replica, RemoteWork work, LendingPrices prices) : ICostModel
{
    public int PipelineStages => inner.PipelineStages;

    public IReadOnlyList<ProfileFamily> Extrapolated => inner.Extrapolated;

    public StepCost CreateStep() => new Step(inner, replica, work, prices);

    private sealed class Step(ICostModel model, int replica, RemoteWork work, LendingPrices prices) : StepCost
    {
        private readonly StepCost _own = model.CreateStep();
        private readonly StepCost _probe = model.CreateStep();
        private readonly StepShape _shape = new();
        private readonly StepShape _other = new();
        private Duration _remote;
        private Duration _base;
        private Duration _after;
        private Duration _copy;
        private WideSum _guestFlops;
        private long _guestBytes;
        private bool _asks;

        public override void Prepare(StepShape shape)
        {
            ArgumentNullException.ThrowIfNull(shape);
            _asks = false;
            _after = _copy = Duration.Zero;
            _guestFlops = default;
            _guestBytes = 0;
            if (work.ByHolder.Count == 0) _own.Prepare(shape);
            else PrepareAsking(shape);
            if (work.Guests.Count > 0) PrepareGuests();
            if (work.OutgoingBlocks > 0) _copy = prices.Copy(replica, work.OutgoingTo, work.OutgoingBlocks);
        }

        public override Duration At(int k)
        {
            Duration time = _own.At(k);
            if (_asks)
            {
                Duration here = time - _base;
                if (_remote > here) time += _remote - here;
            }
            time += _after;
            return k == 0 ? Duration.Max(time, _copy) : time;
        }

        public override Duration StageAt(int k) => At(k);

        public override Int128 FlopsAt(int k) => _own.FlopsAt(k) + _guestFlops.Value;

        public override long MemoryBytesAt(int k) => _own.MemoryBytesAt(k) + _guestBytes;

        public override (Int128 Flops, Int128 MemoryBytes) Totals(int steps)
        {
            (Int128 flops, Int128 bytes) = _own.Totals(steps);
            return (flops + (steps * _guestFlops.Value), bytes + ((Int128)steps * _guestBytes));
        }

        public override StepTerms TermsAt(int k)
        {
            StepTerms terms = _own.TermsAt(k);
            return terms with { NetworkSeconds = terms.NetworkSeconds + (At(k) - _own.At(k)).Seconds, ElapsedSeconds = At(k).Seconds };
        }

        private void PrepareAsking(StepShape shape)
        {
            _asks = true;
            _shape.Clear();
            _other.Clear();
            foreach (PrefillChunk chunk in shape.Chunks)
            {
                _shape.AddChunk(chunk);
                _other.AddChunk(chunk);
            }
            ReadOnlySpan<int> contexts = shape.DecodeContexts;
            for (int i = 0; i < contexts.Length; i++)
            {
                int elsewhere = i < work.RemoteOfDecode.Count ? work.RemoteOfDecode[i] : 0;
                _shape.AddDecode(contexts[i] - elsewhere);
                _other.AddDecode(1);
            }
            _own.Prepare(_shape);
            _probe.Prepare(_other);
            _base = _probe.At(0);
            Duration slowest = Duration.Zero;
            foreach ((_, List<int> tokens) in work.ByHolder) slowest = Duration.Max(slowest, Attention(tokens));
            _remote = prices.Exchange(replica, work.ByHolder.Select(static pair => (pair.Key, pair.Value.Count))) + slowest;
            _after += prices.Combine * prices.Layers;
        }

        private void PrepareGuests()
        {
            foreach ((_, int[] tokens) in work.Guests)
            {
                _after += Attention(tokens);
                // The probe holds them now; what the same decodes take without history is theirs at home.
                Int128 flops = _probe.FlopsAt(0);
                long bytes = _probe.MemoryBytesAt(0);
                PrepareProbe(tokens, without: true);
                _guestFlops.Add(flops - _probe.FlopsAt(0));
                _guestBytes += bytes - _probe.MemoryBytesAt(0);
            }
        }

        /// <summary>Attention of decodes over so many tokens each, beyond their own; leaves the probe prepared with them.</summary>
        private Duration Attention(IReadOnlyList<int> tokens)
        {
            PrepareProbe(tokens, without: true);
            Duration nothing = _probe.At(0);
            PrepareProbe(tokens, without: false);
            return Duration.Max(Duration.Zero, _probe.At(0) - nothing);
        }

        private void PrepareProbe(IReadOnlyList<int> tokens, bool without)
        {
            _other.Clear();
            for (int i = 0; i < tokens.Count; i++) _other.AddDecode(without ? 1 : 1 + tokens[i]);
            _probe.Prepare(_other);
        }
    }
}
