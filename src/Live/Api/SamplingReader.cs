using System.Globalization;
using System.Text.Json;
using Orrery.Engine.Sampling;
using Orrery.Kernel;
using Orrery.Live.Settings;

namespace Orrery.Live.Api;

/// <summary>How tokens are chosen: the fields that both kinds of completion share.</summary>
internal static class SamplingReader
{
    private const int LongestStop = 256;

    /// <param name="fields">Of the request.</param>
    /// <param name="vocabulary">Tokens of the model.</param>
    /// <param name="logprobs">Log-probabilities wanted, which the two kinds say differently.</param>
    /// <param name="logprobsField">Its field, for errors.</param>
    /// <param name="otherwiseSeed">The seed of a request that names none.</param>
    /// <exception cref="ApiException">400: names the field.</exception>
    public static SamplingOptions Read(Fields fields, int vocabulary, int? logprobs, string logprobsField, ulong otherwiseSeed)
    {
        SamplingOptions usual = new();
        if (logprobs is < 0 or > SamplingOptions.MaxLogprobs) throw fields.Bad(logprobsField, $"expected a whole number from 0 to {SamplingOptions.MaxLogprobs}");
        // vLLM writes -1 for all tokens, the engine 0 (b).
        int topK = fields.Int("top_k", -1) ?? 0;
        SamplingOptions options = new()
        {
            Temperature = (float?)fields.Number("temperature") ?? usual.Temperature,
            TopK = Math.Max(topK, 0),
            TopP = (float?)fields.Number("top_p") ?? usual.TopP,
            MinP = (float?)fields.Number("min_p") ?? usual.MinP,
            RepetitionPenalty = (float?)fields.Number("repetition_penalty") ?? usual.RepetitionPenalty,
            PresencePenalty = (float?)fields.Number("presence_penalty") ?? usual.PresencePenalty,
            FrequencyPenalty = (float?)fields.Number("frequency_penalty") ?? usual.FrequencyPenalty,
            Seed = fields.Long("seed") is { } seed ? unchecked((ulong)seed) : otherwiseSeed,
            LogitBias = Biases(fields),
            Stop = Stops(fields),
            Logprobs = logprobs,
        };
        try
        {
            options.Validate(vocabulary);
        }
        catch (InputException mistake)
        {
            // The sentence reads: the sampling option NAME is VALUE …
            string[] words = mistake.Message.Split(' ');
            string field = words.Length > 3 ? words[3] : "";
            throw new ApiException(ApiError.BadField(field, mistake.Message));
        }
        return options;
    }

    private static Dictionary<int, float> Biases(Fields fields)
    {
        var biases = new Dictionary<int, float>();
        if (fields.Optional("logit_bias") is not { } map) return biases;
        if (map.ValueKind != JsonValueKind.Object) throw Fields.Wrong("logit_bias", "an object of token ids and biases", map);
        foreach (JsonProperty entry in map.EnumerateObject())
        {
            if (!int.TryParse(entry.Name, NumberStyles.None, CultureInfo.InvariantCulture, out int token)) throw fields.Bad("logit_bias", "its keys are token ids, such as \"42\"");
            if (entry.Value.ValueKind != JsonValueKind.Number) throw Fields.Wrong($"logit_bias.{token}", "a number", entry.Value);
            // Two writings of one id, such as 7 and 07.
            if (!biases.TryAdd(token, entry.Value.GetSingle())) throw fields.Bad("logit_bias", $"token {token} has two biases");
        }
        return biases;
    }

    private static IReadOnlyList<string> Stops(Fields fields)
    {
        if (fields.Optional("stop") is not { } stop) return [];
        if (stop.ValueKind == JsonValueKind.String) return [Stop(stop, "stop")];
        return [.. Fields.ListOf(stop, "stop", ServeLimits.StopStrings).Select(item => Stop(item.Item, item.Path))];
    }

    private static string Stop(JsonElement item, string path)
    {
        string text = Fields.TextOf(item, path);
        if (text.Length is 0 or > LongestStop) throw new ApiException(ApiError.BadField(path, $"a stop string has 1 to {LongestStop} characters"));
        return text;
    }
}
