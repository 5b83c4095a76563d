using System.CommandLine;
using System.Globalization;
using Orrery.Cli.Shell;
using Orrery.Engine.Sampling;
using Orrery.Kernel;

namespace Orrery.Cli.Verbs;

/// <summary>Flags that say how tokens are chosen. Defaults are those of llama.cpp's command line (b), which suit small models.</summary>
internal sealed class SamplingFlags
{
    public const float DefaultTemperature = 0.8f;
    public const int DefaultTopK = 40;
    public const float DefaultTopP = 0.95f;
    public const float DefaultMinP = 0.05f;

    private readonly Option<string> _temperature = new("--temperature", "-t") { HelpName = "T", Description = $"0 takes the likeliest token; default {Text(DefaultTemperature)}." };
    private readonly Option<string> _topK = new("--top-k") { HelpName = "K", Description = $"Only the K likeliest tokens; 0 = all; default {DefaultTopK}." };
    private readonly Option<string> _topP = new("--top-p") { HelpName = "P", Description = $"The likeliest tokens with probability P together; 1 = all; default {Text(DefaultTopP)}." };
    private readonly Option<string> _minP = new("--min-p") { HelpName = "P", Description = $"Tokens with at least P of the likeliest one's probability; 0 = all; default {Text(DefaultMinP)}." };
    private readonly Option<string> _repeat = new("--repeat-penalty") { HelpName = "X", Description = "Divides scores of tokens that occurred; 1 = none, the default." };
    private readonly Option<string> _presence = new("--presence-penalty") { HelpName = "X", Description = "Taken from scores of tokens that were generated; default 0." };
    private readonly Option<string> _frequency = new("--frequency-penalty") { HelpName = "X", Description = "The same, for every time they were; default 0." };
    private readonly Option<string> _window = new("--penalty-window") { HelpName = "N", Description = "Penalties look back N tokens; 0 = all, the default." };
    private readonly Option<string[]> _bias = new("--logit-bias") { HelpName = "ID=X", Description = "Add X to the score of a token; may be repeated." };
    private readonly Option<string> _seed = new("--seed") { HelpName = "N", Description = "The same seed gives the same text; default 0." };
    private readonly Option<string[]> _stop = new("--stop") { HelpName = "TEXT", Description = "End before this text; may be repeated." };
    private readonly Option<string> _logprobs = new("--logprobs") { HelpName = "N", Description = "With --json: log-probabilities of each token and of the N likeliest." };

    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { _temperature, _topK, _topP, _minP, _repeat, _presence, _frequency, _window, _bias, _seed, _stop, _logprobs })
            command.Add(option);
    }

    /// <exception cref="InputException">A flag is no number. Ranges are judged by the sampler.</exception>
    public SamplingOptions Read(ParseResult parsed) => new()
    {
        Temperature = FlagNumbers.Real(parsed, _temperature) ?? DefaultTemperature,
        TopK = FlagNumbers.Whole(parsed, _topK, 0) ?? DefaultTopK,
        TopP = FlagNumbers.Real(parsed, _topP) ?? DefaultTopP,
        MinP = FlagNumbers.Real(parsed, _minP) ?? DefaultMinP,
        RepetitionPenalty = FlagNumbers.Real(parsed, _repeat) ?? 1f,
        PresencePenalty = FlagNumbers.Real(parsed, _presence) ?? 0f,
        FrequencyPenalty = FlagNumbers.Real(parsed, _frequency) ?? 0f,
        PenaltyWindow = FlagNumbers.Whole(parsed, _window, 0) ?? 0,
        LogitBias = Biases(parsed.GetValue(_bias) ?? []),
        Seed = CommonOptions.SeedOf(parsed, _seed) ?? 0,
        Stop = parsed.GetValue(_stop) ?? [],
        Logprobs = FlagNumbers.Whole(parsed, _logprobs, 0),
    };

    private Dictionary<int, float> Biases(string[] texts)
    {
        var biases = new Dictionary<int, float>();
        foreach (string text in texts)
        {
            string[] parts = text.Split('=', 2);
            if (parts.Length == 2 && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int token) && FlagNumbers.Real(parts[1]) is { } bias)
            {
                if (!biases.TryAdd(token, bias)) throw new InputException($"{_bias.Name} {text}: token {token} has a bias already; keep one");
                continue;
            }
            throw new InputException($"{_bias.Name} {text}: expected ID=X, such as 42=-5");
        }
        return biases;
    }

    private static string Text(float value) => value.ToString(CultureInfo.InvariantCulture);
}
