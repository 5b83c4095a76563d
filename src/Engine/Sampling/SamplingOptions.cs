using System.Collections.Frozen;
using System.Globalization;
using Orrery.Kernel;

namespace Orrery.Engine.Sampling;

/// <summary>How tokens are chosen. The defaults change nothing: plain sampling from the model's own distribution.</summary>
/// <remarks>
/// Names, ranges and neutral values are those of the OpenAI API where it has the option, and of vLLM's SamplingParams where it has not (b).
/// <see cref="Sampler"/> states the order in which the options act.
/// </remarks>
public sealed record SamplingOptions
{
    /// <summary>Below this temperature vLLM and Orrery choose the likeliest token (vLLM's _SAMPLING_EPS, b).</summary>
    public const float GreedyTemperature = 1e-5f;

    /// <summary>Above this a distribution is uniform for every practical purpose; a larger value is a slip of the pen.</summary>
    public const float MaxTemperature = 100f;

    /// <summary>The OpenAI API's limit of a bias and of presence and frequency penalties (b).</summary>
    public const float MaxBias = 100f;

    /// <inheritdoc cref="MaxBias"/>
    public const float MaxPenalty = 2f;

    /// <summary>The OpenAI API's limit of top_logprobs, and vLLM's default of max_logprobs (b).</summary>
    public const int MaxLogprobs = 20;

    /// <summary>Divides the scores; 0 is greedy.</summary>
    public float Temperature { get; init; } = 1f;

    /// <summary>Only the so many likeliest tokens; 0 = all (Fan et al. 2018, c).</summary>
    public int TopK { get; init; }

    /// <summary>The smallest set of likeliest tokens with at least this probability; 1 = all (Holtzman et al. 2020, nucleus sampling, c).</summary>
    public float TopP { get; init; } = 1f;

    /// <summary>Only tokens with at least this fraction of the likeliest token's probability; 0 = all (Nguyen et al. 2024, c).</summary>
    public float MinP { get; init; }

    /// <summary>Scores of tokens seen in prompt or answer are divided by it where positive, multiplied where negative; 1 = none.</summary>
    /// <remarks>Keskar et al. 2019 (CTRL), section 4.1 divides; llama.cpp and vLLM multiply negative scores so that the sign cannot reward (b).</remarks>
    public float RepetitionPenalty { get; init; } = 1f;

    /// <summary>Taken once from the score of a token that was generated; negative values encourage; 0 = none.</summary>
    public float PresencePenalty { get; init; }

    /// <summary>Taken from the score of a token for every time it was generated; 0 = none.</summary>
    public float FrequencyPenalty { get; init; }

    /// <summary>The penalties look back this many tokens; 0 = all of them, as vLLM does (llama.cpp's repeat_last_n is 64 by default).</summary>
    public int PenaltyWindow { get; init; }

    /// <summary>Root of every draw: the same seed, position and distribution give the same token.</summary>
    public ulong Seed { get; init; }

    /// <summary>Added to the scores of the tokens named, before everything else.</summary>
    public IReadOnlyDictionary<int, float> LogitBias { get; init; } = FrozenDictionary<int, float>.Empty;

    /// <summary>Texts that end the answer; they are not part of it.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>Log-probabilities wanted: null = none, 0 = of the chosen token, n = also of the n likeliest.</summary>
    public int? Logprobs { get; init; }

    /// <summary>The likeliest token is taken and nothing is drawn.</summary>
    public bool IsGreedy => Temperature < GreedyTemperature;

    /// <summary>Whether scores depend on the tokens so far.</summary>
    public bool HasPenalties => RepetitionPenalty != 1f || PresencePenalty != 0f || FrequencyPenalty != 0f;

    /// <exception cref="InputException">An option is outside its range; the sentence names it, its value and the range.</exception>
    public void Validate(int vocabulary)
    {
        Within("temperature", Temperature, 0f, MaxTemperature);
        AtLeast("top_k", TopK, 0, "0 keeps all tokens");
        if (!(TopP > 0f && TopP <= 1f)) throw Outside("top_p", Text(TopP), "must be above 0 and at most 1 (1 keeps all tokens)");
        Within("min_p", MinP, 0f, 1f);
        if (!(RepetitionPenalty > 0f && float.IsFinite(RepetitionPenalty)))
        {
            throw Outside("repetition_penalty", Text(RepetitionPenalty), "must be a number above 0 (1 is none; above 1 avoids repetition)");
        }
        Within("presence_penalty", PresencePenalty, -MaxPenalty, MaxPenalty);
        Within("frequency_penalty", FrequencyPenalty, -MaxPenalty, MaxPenalty);
        AtLeast("penalty_window", PenaltyWindow, 0, "0 looks back over all tokens");
        if (Logprobs is < 0 or > MaxLogprobs) throw Outside("logprobs", Text(Logprobs.Value), $"must lie between 0 and {MaxLogprobs}");
        foreach ((int token, float bias) in LogitBias)
        {
            if (token < 0 || token >= vocabulary) throw Outside("logit_bias", $"for token {Text(token)}", $"must name a token of the model, 0 to {vocabulary - 1}");
            Within($"logit_bias of token {token}", bias, -MaxBias, MaxBias);
        }
        foreach (string stop in Stop)
        {
            if (string.IsNullOrEmpty(stop)) throw Outside("stop", "empty", "must have at least one character");
        }
    }

    private static void Within(string option, float value, float low, float high)
    {
        // Written so that what is not a number fails too.
        if (!(value >= low && value <= high)) throw Outside(option, Text(value), $"must lie between {Text(low)} and {Text(high)}");
    }

    private static void AtLeast(string option, int value, int low, string meaning)
    {
        if (value < low) throw Outside(option, Text(value), $"must be at least {low} ({meaning})");
    }

    private static InputException Outside(string option, string value, string remedy) => new($"the sampling option {option} is {value}: it {remedy}");

    private static string Text(IFormattable value) => value.ToString(null, CultureInfo.InvariantCulture);
}
