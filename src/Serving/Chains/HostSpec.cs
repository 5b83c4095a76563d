namespace Orrery.Serving.Chains;

/// <summary>A machine that holds some layers of a model and runs batches through them.</summary>
/// <param name="Name">For tables.</param>
/// <param name="FirstLayer">First layer that it holds.</param>
/// <param name="Layers">How many layers, from the first on.</param>
/// <param name="KvEntries">Room for KV: tokens times layers.</param>
/// <param name="Limits">How much goes into one batch.</param>
/// <param name="Cost">How long a batch takes.</param>
public sealed record HostSpec(string Name, int FirstLayer, int Layers, long KvEntries, BatchLimits Limits, IStageCost Cost)
{
    /// <summary>The layer after its last.</summary>
    public int EndLayer => FirstLayer + Layers;
}

/// <summary>How much goes into one batch of a host; the queue is read in order and what does not fit waits.</summary>
/// <param name="Prompts">Prompts.</param>
/// <param name="PromptTokens">Tokens of these prompts together; a longer prompt goes alone.</param>
/// <param name="Decodes">Requests that produce a token.</param>
/// <param name="DecodeContext">Their KV tokens together; a longer one goes alone.</param>
public sealed record BatchLimits(int Prompts, int PromptTokens, int Decodes, long DecodeContext);

/// <summary>What goes through one layer of a host in a batch.</summary>
/// <param name="PromptTokens">Tokens of prompts.</param>
/// <param name="Decodes">Requests that produce a token, one token each.</param>
/// <param name="DecodeContext">KV tokens that they read.</param>
public readonly record struct StageWork(int PromptTokens, int Decodes, long DecodeContext)
{
    public static StageWork operator +(StageWork a, StageWork b) =>
        new(a.PromptTokens + b.PromptTokens, a.Decodes + b.Decodes, a.DecodeContext + b.DecodeContext);
}

/// <summary>How long a batch takes on a host. Pure.</summary>
public interface IStageCost
{
    /// <summary>One layer over this work, in seconds.</summary>
    double LayerSeconds(in StageWork work);

    /// <summary>What a batch costs once, beside its layers, in seconds.</summary>
    double EntrySeconds(in StageWork work);
}

/// <summary>Sizes of what travels between hosts.</summary>
/// <param name="ModelLayers">Layers of the whole model.</param>
/// <param name="ActivationBytes">Between hosts, for each token.</param>
/// <param name="TokenBytes">Between a host and the coordinator, for each token.</param>
public sealed record ChainModel(int ModelLayers, int ActivationBytes, int TokenBytes);
