using Orrery.Serving.Sequences;

namespace Orrery.Serving.Systems.NanoFlow;

/// <summary>
/// Running averages of prompts and outputs and what follows from them: with p prompt and d output tokens per request, a step of B tokens
/// neither grows nor shrinks the running set at B/(1 + p/d) decodes.
/// </summary>
/// <remarks>
/// The mean output is all generated tokens over all finished requests: those that still run count with what they have, so the short ones
/// that finish first do not pull it down. That is the likeliest mean of exponential lengths some of which are still open; at first, when
/// hardly anybody has finished, an assumed mean counts like some requests more (d). Exact integers: many steps at once count like single ones.
/// </remarks>
/// <param name="options">Configured averages go before measured ones.</param>
public sealed class BatchBalance(NanoFlowOptions options)
{
    private long _arrived;
    private long _promptTokens;
    private long _finished;
    private long _generatedTokens;

    /// <summary>Requests that the assumed mean counts for: as many as engines of the time ran at once (d).</summary>
    private const int PriorRequests = 256;

    /// <summary>Running requests that keep the mix steady.</summary>
    public double TargetRequests
    {
        get
        {
            double prompt = options.MeanPrompt ?? (_arrived > 0 ? (double)_promptTokens / _arrived : 0);
            return options.BatchTokens / (1 + (prompt / MeanOutput));
        }
    }

    private double MeanOutput =>
        options.MeanOutput ?? (_generatedTokens + (PriorRequests * options.TypicalOutput)) / (_finished + PriorRequests);

    public void Arrived(Sequence sequence)
    {
        _arrived++;
        _promptTokens += sequence.PromptTokens;
    }

    public void Left() => _finished++;

    public void Generated(long tokens) => _generatedTokens += tokens;

    /// <summary>Prompt and output tokens that a sequence will hold at its end: predicted, else average, and at least one more than now.</summary>
    public int ExpectedTokens(Sequence sequence)
    {
        double output = sequence.PredictedOutputTokens > 0 ? sequence.PredictedOutputTokens : MeanOutput;
        int expected = (int)Math.Min(Math.Ceiling(output), sequence.MaxTokens);
        return sequence.PromptTokens + sequence.ReturnedTokens + Math.Max(expected, sequence.GeneratedTokens + 1);
    }
}
