using System.Numerics;

namespace Orrery.Serving.Systems.SpotServe;

/// <summary>
/// SpotServe's parallelisation controller: of all configurations that fit the GPUs, the one with the least latency among those that
/// carry the required rate, else the one with the largest throughput.
/// </summary>
/// <remarks>
/// Miao et al., ASPLOS 2024, section 3.2; formulas from the artefact's solver (b). With k = ceil(L / P) layers per stage:
/// t1 = init(M, B/M1) · k · (P + M1 − 1) / M1 + ppInit / M1 · (P − 1), t2 = incr(M, B/M2) · k · (P + M2 − 1) + ppIncr / M2 · (P − 1),
/// l = 1.1 · (t1 + S_out · t2 + 2 · embed(B)), throughput = D · B / l with D = floor(N / (P · M)). P divides the padded number of
/// layers, P · M is at least the model's minimum; M, B, M1 and M2 are powers of two, M1 and M2 at most B.
/// </remarks>
/// <param name="profile">The model.</param>
/// <param name="leastGpus">Fewer GPUs stop serving, and no replica has fewer.</param>
/// <param name="mostBatch">Largest B: 1, 2 or 4.</param>
public sealed class ConfigurationOptimiser(LayerProfile profile, int leastGpus, int mostBatch)
{
    /// <summary>What the sum of the parts misses (b).</summary>
    public const double Correction = 1.1;

    /// <summary>The choice for so many GPUs.</summary>
    /// <returns>Null when the GPUs are too few to serve at all.</returns>
    public PlannedConfiguration? Choose(int gpus, double requiredRequestsPerSecond, int outputTokens)
    {
        PlannedConfiguration? quickest = null, strongest = null;
        foreach (PlannedConfiguration option in All(gpus, outputTokens))
        {
            if (option.RequestsPerSecond >= requiredRequestsPerSecond && (quickest is null || option.LatencySeconds < quickest.LatencySeconds)) quickest = option;
            if (strongest is null || option.RequestsPerSecond > strongest.RequestsPerSecond) strongest = option;
        }
        return quickest ?? strongest;
    }

    /// <summary>Every configuration that fits, in the order of the search: the first of equals wins.</summary>
    public IEnumerable<PlannedConfiguration> All(int gpus, int outputTokens)
    {
        if (gpus < leastGpus) yield break;
        for (int tensor = 1; tensor <= profile.MostTensor && tensor <= gpus; tensor *= 2)
            for (int batch = 1; batch <= mostBatch; batch *= 2)
                for (int promptSlices = 1; promptSlices <= batch; promptSlices *= 2)
                    for (int tokenSlices = 1; tokenSlices <= batch; tokenSlices *= 2)
                        for (int stages = (leastGpus + tensor - 1) / tensor; stages * tensor <= gpus; stages++)
                        {
                            if (profile.PaddedLayers % stages != 0) continue;
                            yield return Plan(new Configuration(gpus / (stages * tensor), stages, tensor, batch, promptSlices, tokenSlices), outputTokens);
                        }
    }

    /// <summary>What a configuration is expected to give with full batches.</summary>
    public PlannedConfiguration Plan(Configuration configuration, int outputTokens)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        BatchTimes times = Times(configuration, configuration.Batch);
        double latency = times.PromptSeconds + (times.TokenSeconds * outputTokens);
        return new PlannedConfiguration(configuration, latency, configuration.Replicas * configuration.Batch / latency);
    }

    /// <summary>Times of a batch of 1, 2 or 4 requests, which may be smaller than the configuration's: slices hold one request at least.</summary>
    public BatchTimes Times(Configuration configuration, int batch)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        LayerTimes layer = profile.TimesOf(configuration.Tensor);
        int stages = configuration.Stages, layers = (profile.Layers + stages - 1) / stages;
        int m1 = Math.Min(configuration.PromptSlices, batch), m2 = Math.Min(configuration.TokenSlices, batch);
        double prompt = (layer.PromptMilliseconds[Index(batch / m1)] * layers * (stages + m1 - 1) / m1) + (profile.PromptLinkMilliseconds / m1 * (stages - 1));
        double token = (layer.TokenMilliseconds[Index(batch / m2)] * layers * (stages + m2 - 1)) + (profile.TokenLinkMilliseconds / m2 * (stages - 1));
        double embed = 2 * profile.EmbedMilliseconds[Index(batch)];
        return new BatchTimes(Correction * (prompt + embed) / 1000, Correction * token / 1000);
    }

    private static int Index(int batch) => BitOperations.Log2((uint)batch);
}
