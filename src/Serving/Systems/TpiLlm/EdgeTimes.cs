namespace Orrery.Serving.Systems.TpiLlm;

/// <summary>Who runs the model.</summary>
public enum EdgeSystem
{
    /// <summary>Tensor parallelism over all nodes, weights streamed through a window.</summary>
    TpiLlm,

    /// <summary>Tensor parallelism over all nodes, each with its share in memory (Galaxy).</summary>
    Galaxy,

    /// <summary>Whole layers on each node, one node busy at a time.</summary>
    Pipeline,

    /// <summary>The first node alone; layers that do not fit are read from disk when they are needed (Hugging Face Accelerate).</summary>
    Accelerate,

    /// <summary>The first node alone; what does not fit goes to swap (Hugging Face Transformers).</summary>
    Transformers,
}

/// <summary>One request: a prompt and its answer.</summary>
public readonly record struct EdgeRequest(int PromptTokens, int AnswerTokens)
{
    public int Tokens => PromptTokens + AnswerTokens;

    /// <summary>Tokens that a token of the prompt sees on average.</summary>
    public double PromptContext => (PromptTokens + 1) / 2.0;
}

/// <summary>What a request took.</summary>
/// <param name="TtftSeconds">From a cold start to the first token.</param>
/// <param name="TokenSeconds">Mean over the further tokens.</param>
/// <param name="ComputeSeconds">Of a further token: its blocks on the slowest node each.</param>
/// <param name="NetworkSeconds">Of a further token: allreduces and messages.</param>
/// <param name="DiskSeconds">Of a further token: loads of the node that loads longest.</param>
/// <param name="PeakMasterBytes">Most that node 0 holds.</param>
/// <param name="PeakWorkerBytes">Most that any other node holds; 0 without one.</param>
public readonly record struct EdgeTimes(
    double TtftSeconds, double TokenSeconds, double ComputeSeconds, double NetworkSeconds, double DiskSeconds, double PeakMasterBytes, double PeakWorkerBytes);
