namespace Orrery.Serving.Systems.Helix;

/// <summary>
/// T_i(k): tokens per second that a machine of a kind passes when it holds k layers, in the steady state of its cluster (official repository) (b).
/// The batch is what its KV room feeds, (KV tokens per layer · 0.3 / (750 + 240)) · ρ decodes and one prompt for every 240 of them, where
/// ρ = time in the machine / round trip of a request. How fast the other machines are is needed for ρ, so the estimate is repeated
/// <see cref="Rounds"/> times from a first guess.
/// </summary>
public sealed class HelixThroughput
{
    /// <summary>Mean prompt of the workload (b).</summary>
    public const int PromptTokens = 750;

    /// <summary>Mean output of the workload (b).</summary>
    public const int AnswerTokens = 240;

    /// <summary>Share of the KV room that is counted on (b).</summary>
    public const double KvShare = 0.3;

    /// <summary>Repetitions of the estimate (b).</summary>
    public const int Rounds = 10;

    /// <summary>Where the kinds' usual layers hold the model less often than this, the most layers count instead (b).</summary>
    public const double ScarceCopies = 1.2;

    private readonly HelixModel _model;
    private readonly Dictionary<string, double[]> _tokensPerSecond = [];

    /// <param name="model">The cost tables.</param>
    /// <param name="counts">How many machines of each kind the cluster has.</param>
    public HelixThroughput(HelixModel model, IReadOnlyDictionary<string, int> counts)
    {
        _model = model;
        string[] kinds = [.. counts.Keys.Order(StringComparer.Ordinal)];
        bool scarce = kinds.Sum(kind => counts[kind] * model.TypicalLayers[kind]) < model.Layers * ScarceCopies;
        Dictionary<string, int> usual = kinds.ToDictionary(kind => kind, kind => scarce ? model.Profiles[kind].MaxLayers : model.TypicalLayers[kind]);
        Dictionary<string, double> layersPerSecond = kinds.ToDictionary(kind => kind, kind => model.FirstSpeeds[kind]);
        double held = kinds.Sum(kind => (double)counts[kind] * usual[kind]);
        for (int round = 0; round <= Rounds; round++)
        {
            double meanSeconds = kinds.Sum(kind => counts[kind] * usual[kind] / layersPerSecond[kind]) / held;
            foreach (string kind in kinds)
            {
                double[] byLayers = new double[model.Profiles[kind].MaxLayers + 1];
                for (int layers = 1; layers < byLayers.Length; layers++) byLayers[layers] = Estimate(kind, layers, 1 / layersPerSecond[kind], meanSeconds);
                _tokensPerSecond[kind] = byLayers;
            }
            foreach (string kind in kinds) layersPerSecond[kind] = _tokensPerSecond[kind][usual[kind]] * usual[kind];
        }
    }

    /// <summary>T(k) in tokens per second; with more layers than the planner allows, that of the most it allows, fewer in proportion.</summary>
    public double TokensPerSecond(string kind, int layers)
    {
        double[] byLayers = _tokensPerSecond[kind];
        int most = byLayers.Length - 1;
        return layers <= most ? byLayers[layers] : byLayers[most] * most / layers;
    }

    /// <summary>The most layers times tokens per second that a machine can do: its share of the bound without a network.</summary>
    public double MostLayerTokens(string kind)
    {
        double[] byLayers = _tokensPerSecond[kind];
        double most = 0;
        for (int layers = 1; layers < byLayers.Length; layers++) most = Math.Max(most, byLayers[layers] * layers);
        return most;
    }

    private double Estimate(string kind, int layers, double ownLayerSeconds, double meanLayerSeconds)
    {
        HelixProfile profile = _model.Profiles[kind];
        double own = layers * ownLayerSeconds;
        double share = own / (((_model.Layers - layers) * meanLayerSeconds) + own);
        int room = (int)(KvShare * profile.KvEntries(layers) / layers);
        double batch = (double)room / (PromptTokens + AnswerTokens) * share;
        double prompts = batch / AnswerTokens;
        // Whole tokens, as published; with a prompt or more in every batch the times are in their linear part.
        int decodes = prompts > 1 ? AnswerTokens : (int)Math.Round(batch);
        int promptTokens = prompts > 1 ? PromptTokens : (int)Math.Round(prompts * PromptTokens);
        double batches = prompts > 1 ? 1 : 1 / prompts;
        double seconds = profile.PromptSeconds((int)(promptTokens * batches)) + (profile.DecodeSeconds(decodes) * batches);
        return batches * (promptTokens + decodes) / (layers * seconds);
    }
}
