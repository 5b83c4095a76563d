using Orrery.Serving.Drafting;
using Orrery.Serving.Execution;
using Orrery.Serving.Sequences;
using Orrery.Serving.Speculation;

namespace Orrery.Serving.Systems.SmartSpec;

/// <summary>
/// SmartSpec (Liu et al., arXiv 2406.14066): proposes as many tokens as maximise goodput, the expected tokens per second of the whole
/// batch, from a moving acceptance rate and predicted step times. Over any scheduler.
/// </summary>
/// <remarks>
/// Goodput(k) = (m·l(α, k) + b − m) / T(b, s, k) for b decodes of which m have proposals. It is taken as unimodal: the search stops after
/// its peak. k = 0 counts 1.1 times. Decided every 20th decode step (b). The acceptance is that of a token: right tokens over right tokens
/// and first wrong ones, for what follows a wrong one is not judged; both are averaged before they are divided, since the mean of the
/// ratios of single steps would be too low in small batches (d). Trees of proposals (c) are not built.
/// </remarks>
internal sealed class SmartSpec(SmartSpecOptions options, DraftFacts facts) : IDraftControl
{
    private readonly StepForecast _forecast = new(facts);
    private readonly int _most = options.Most ?? (facts.LooksUp ? SmartSpecOptions.DefaultMostLookup : SmartSpecOptions.DefaultMost);
    private readonly int _every = facts.LooksUp ? 1 : options.Every;
    private double _accepted = options.Start;
    private double _judged = 1;
    private int _length;
    private bool _probes;

    /// <summary>Steps since the last decision, that of the decision included.</summary>
    private int _age;

    private long _unjudged;
    private int _useless;
    private int _unlooked;

    /// <summary>The expected goodput and what one verified token costs in it, for proposals of single requests.</summary>
    private double _goodput;
    private double _secondsPerVerified;

    public bool Proposes { get; private set; } = true;

    public int QuietSteps => !Proposes ? options.RetryAfter - _unlooked
        : _length > 0 || _probes || facts.LooksUp ? 1
        : _every - _age;

    /// <summary>The moving average of the acceptance of a token.</summary>
    internal double Acceptance => _accepted / _judged;

    public void Choose(in DraftRound round, Span<int> tokens)
    {
        if (_age == 0) Decide(round);
        if (_probes) tokens.Fill(1);
        else if (!options.PerRequest) tokens.Fill(_length);
        else if (_length > 0) Trim(round, tokens);
    }

    public void Advance(StepPlan plan, int steps)
    {
        _probes = false;
        _age = (_age + steps) % _every;
        _unjudged = plan.JudgedTokens > 0 ? 0 : _unjudged + steps;
        if (plan.JudgedTokens > 0)
        {
            _accepted = (options.Keep * _accepted) + ((1 - options.Keep) * plan.AcceptedTokens);
            _judged = (options.Keep * _judged) + ((1 - options.Keep) * plan.JudgedTokens);
        }
        if (facts.LooksUp) CountUse(steps);
    }

    private void CountUse(int steps)
    {
        if (!Proposes)
        {
            _unlooked += steps;
            if (_unlooked < options.RetryAfter) return;
            _useless = 0;
            Proposes = true;
        }
        else
        {
            _useless = _length > 0 ? 0 : _useless + steps;
            if (_useless < options.GiveUpAfter) return;
            _unlooked = 0;
            Proposes = false;
        }
    }

    private void Decide(in DraftRound round)
    {
        int decodes = round.Plan.DecodeCount;
        int candidates = round.Candidates.Length;
        int context = (int)(round.ContextTokens / decodes);
        _length = 0;
        _goodput = 0;
        for (int k = 0; k <= (candidates > 0 ? _most : 0); k++)
        {
            if ((round.ContextTokens + ((long)decodes * k)) * options.Memory > round.CapacityTokens) break;
            double goodput = (Expected(round, k) + decodes - candidates) / _forecast.Seconds(decodes, candidates, context, k);
            if (k == 0) goodput *= options.Bias;
            if (goodput <= _goodput) break;
            _goodput = goodput;
            _length = k;
        }
        _probes = _length == 0 && candidates > 0 && options.ProbeEvery is { } every && _unjudged >= every;
        if (options.PerRequest && _length > 0) _secondsPerVerified = _forecast.SecondsPerVerified(decodes, candidates, context, _length);
    }

    /// <summary>Tokens that the candidates yield on average.</summary>
    private double Expected(in DraftRound round, int drafts)
    {
        if (!options.PerRequest) return round.Candidates.Length * ExpectedTokens.Of(Acceptance, drafts);
        double sum = 0;
        foreach (int item in round.Candidates) sum += ExpectedTokens.Of(AcceptanceOf(round.Plan.Items[item].Sequence), drafts);
        return sum;
    }

    /// <summary>
    /// A request stops where the next token is accepted too seldom for the time of verifying it: α^j under goodput × time per token would
    /// lower the ratio of all tokens to all time.
    /// </summary>
    private void Trim(in DraftRound round, Span<int> tokens)
    {
        double least = _goodput * _secondsPerVerified;
        for (int c = 0; c < tokens.Length; c++)
        {
            double acceptance = AcceptanceOf(round.Plan.Items[round.Candidates[c]].Sequence);
            double reaches = acceptance;
            int length = 0;
            while (length < _length && reaches >= least)
            {
                length++;
                reaches *= acceptance;
            }
            tokens[c] = length;
        }
    }

    private double AcceptanceOf(Sequence sequence)
    {
        double weight = options.Prior + sequence.JudgedTokens;
        return weight > 0 ? ((options.Prior * Acceptance) + sequence.AcceptedTokens) / weight : Acceptance;
    }
}
