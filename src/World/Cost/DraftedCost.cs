using Orrery.Kernel.Statistics;
using Orrery.Kernel.Time;
using Orrery.World.Profiles;
using Orrery.World.Steps;

namespace Orrery.World.Cost;

/// <summary>
/// Steps of a model that verifies what a draft proposes: T = T_draft + T_target + T_overhead, the last only where something is verified
/// (SmartSpec, arXiv 2406.14066, c). T_draft is one forward pass of the draft model per proposed token, on the same devices, before the
/// target's pass; a draft model also reads every prompt, so that it has their KV.
/// </summary>
/// <remarks>
/// Tokens that were generated without drafts are read by the draft model in the first pass of the next step that has some (d): a replica
/// that stops speculating pays nothing meanwhile. Passes follow each other at once, which is the business of the draft's own cost model.
/// </remarks>
/// <param name="target">Cost of the target model, whose decodes have the drafts as further query tokens.</param>
/// <param name="draft">Cost of a pass of the draft model; null where proposals come from elsewhere.</param>
/// <param name="overhead">Fixed time of a step that verifies: hand-over between the models and judging the proposals.</param>
public sealed class DraftedCost(ICostModel target, ICostModel? draft, Duration overhead) : ICostModel
{
    public int PipelineStages => target.PipelineStages;

    public IReadOnlyList<ProfileFamily> Extrapolated => [.. target.Extrapolated.Union(draft?.Extrapolated ?? []).Order()];

    public StepCost CreateStep() => new DraftedStepCost(target.CreateStep(), draft?.CreateStep(), overhead);
}

/// <summary>A prepared step with its drafts. The draft's part is constant: only steps without one are repeated.</summary>
internal sealed class DraftedStepCost(StepCost target, StepCost? draft, Duration overhead) : StepCost
{
    private readonly StepShape _pass = new();
    private Duration _time;
    private WideSum _flops;
    private long _bytes;
    private StepTerms _terms;

    public override void Prepare(StepShape shape)
    {
        ArgumentNullException.ThrowIfNull(shape);
        target.Prepare(shape);
        _flops = default;
        _bytes = 0;
        _time = shape.Drafts.Length > 0 ? overhead : Duration.Zero;
        _terms = new(0, 0, 0, 0, 0, _time.Seconds, _time.Seconds);
        if (draft is not null) PrepareDraft(draft, shape);
    }

    public override Duration At(int k) => target.At(k) + _time;

    public override Duration StageAt(int k) => target.StageAt(k) + _time;

    public override Int128 FlopsAt(int k) => target.FlopsAt(k) + _flops.Value;

    public override long MemoryBytesAt(int k) => target.MemoryBytesAt(k) + _bytes;

    public override (Int128 Flops, Int128 MemoryBytes) Totals(int steps)
    {
        (Int128 flops, Int128 bytes) = target.Totals(steps);
        return (flops + (steps * _flops.Value), bytes + ((Int128)steps * _bytes));
    }

    public override StepTerms TermsAt(int k) => Sum(target.TermsAt(k), _terms);

    private static StepTerms Sum(StepTerms a, StepTerms b) => new(
        a.ComputeSeconds + b.ComputeSeconds,
        a.MemorySeconds + b.MemorySeconds,
        a.HostMemorySeconds + b.HostMemorySeconds,
        a.PcieSeconds + b.PcieSeconds,
        a.NetworkSeconds + b.NetworkSeconds,
        a.LaunchSeconds + b.LaunchSeconds,
        a.ElapsedSeconds + b.ElapsedSeconds);

    private void PrepareDraft(StepCost model, StepShape shape)
    {
        _pass.Clear();
        // The target samples the first output token: the draft has only to read.
        foreach (PrefillChunk chunk in shape.Chunks) _pass.AddChunk(chunk with { Finishes = false });
        int longest = 0;
        foreach (DraftedDecode decode in shape.Drafts)
        {
            _pass.AddDecode(decode.ContextTokens, 1 + decode.MissedTokens);
            longest = Math.Max(longest, decode.Tokens);
        }
        if (_pass.IsEmpty) return;
        model.Prepare(_pass);
        AddPass(model, 0);
        int pass = 1;
        while (pass < longest)
        {
            // Passes of the same sequences are a stable run: contexts grow by one.
            _pass.Clear();
            int until = longest;
            foreach (DraftedDecode decode in shape.Drafts)
            {
                if (decode.Tokens <= pass) continue;
                _pass.AddDecode(decode.ContextTokens + pass);
                until = Math.Min(until, decode.Tokens);
            }
            model.Prepare(_pass);
            for (int k = 0; pass < until; k++, pass++) AddPass(model, k);
        }
    }

    private void AddPass(StepCost model, int k)
    {
        _time += model.At(k);
        _flops.Add(model.FlopsAt(k));
        _bytes += model.MemoryBytesAt(k);
        _terms = Sum(_terms, model.TermsAt(k));
    }
}
