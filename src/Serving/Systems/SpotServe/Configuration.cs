using System.Globalization;

namespace Orrery.Serving.Systems.SpotServe;

/// <summary>How a model is laid over GPUs and batched: the paper's C = (D, P, M, B) with the artefact's micro-batch counts.</summary>
/// <param name="Replicas">D: whole copies of the model.</param>
/// <param name="Stages">P: pipeline stages of a replica.</param>
/// <param name="Tensor">M: GPUs of a stage.</param>
/// <param name="Batch">B: requests of a static batch.</param>
/// <param name="PromptSlices">M1: micro-batches of the prompt phase.</param>
/// <param name="TokenSlices">M2: micro-batches of a token step.</param>
public sealed record Configuration(int Replicas, int Stages, int Tensor, int Batch, int PromptSlices, int TokenSlices)
{
    /// <summary>GPUs of one replica.</summary>
    public int GpusPerReplica => Stages * Tensor;

    public int Gpus => Replicas * GpusPerReplica;

    /// <summary>True where both cut the model alike; the number of replicas may differ.</summary>
    public bool CutsLike(Configuration other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return Stages == other.Stages && Tensor == other.Tensor;
    }

    /// <summary>True where both put the same pieces onto as many GPUs: no weight moves between them.</summary>
    public bool LaidOutLike(Configuration other) => CutsLike(other) && Replicas == other.Replicas;

    /// <summary><c>2x(P3,M4)</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Replicas}x(P{Stages},M{Tensor})");
}

/// <summary>A configuration with what the planner expects of it.</summary>
/// <param name="LatencySeconds">Of a batch, from its start to its last token.</param>
/// <param name="RequestsPerSecond">Of all replicas with full batches.</param>
public sealed record PlannedConfiguration(Configuration Configuration, double LatencySeconds, double RequestsPerSecond);

/// <summary>Times of one batch on one replica.</summary>
/// <param name="PromptSeconds">The prompt phase, with the embeddings of the whole batch.</param>
/// <param name="TokenSeconds">One token each.</param>
public readonly record struct BatchTimes(double PromptSeconds, double TokenSeconds);
