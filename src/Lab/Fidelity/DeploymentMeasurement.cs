namespace Orrery.Lab.Fidelity;

/// <summary>The engines of one kind of a measured deployment, as the file states them.</summary>
/// <param name="Workers">Copies of the engine.</param>
/// <param name="Tensor">Stated tensor degree of attention.</param>
/// <param name="Pipeline">Pipeline stages.</param>
/// <param name="AttentionData">Stated data ranks of attention; 1 when the file says nothing.</param>
/// <param name="ExpertTensor">Stated tensor degree within the experts.</param>
/// <param name="ExpertRanks">Stated ranks over which experts are spread.</param>
/// <param name="BatchPerRank">Sequences per data rank of attention and worker; null when the file says nothing.</param>
public sealed record DeploymentPool(
    int Workers, int Tensor, int Pipeline, int AttentionData, int ExpertTensor, int ExpertRanks, int? BatchPerRank);

/// <summary>Mean latencies of one whole deployment under a fixed number of clients, each of which sends its next request when the last one ends.</summary>
/// <param name="Where">File and line.</param>
/// <param name="Backend">Engine: <c>trtllm</c>, <c>sglang</c>, <c>vllm</c>.</param>
/// <param name="BackendVersion">Its version, or empty.</param>
/// <param name="Model">Hugging Face id of the model.</param>
/// <param name="System">Device, for example <c>h200_sxm</c>.</param>
/// <param name="MatrixFormat">Format of matrix products such as <c>fp8</c>, <c>nvfp4</c>, <c>int4_wo</c>; empty for 16 bit.</param>
/// <param name="ExpertFormat">Format of the experts; empty for 16 bit.</param>
/// <param name="InputTokens">Nominal prompt length.</param>
/// <param name="OutputTokens">Nominal output length.</param>
/// <param name="Engine">The engine that prefills and decodes; null where two pools share the work.</param>
/// <param name="Prefill">The engines that prefill; null where one engine does both.</param>
/// <param name="Decode">The engines that decode; null where one engine does both.</param>
/// <param name="TtftSeconds">Mean time to the first token, waiting included.</param>
/// <param name="TpotSeconds">Mean time per further token.</param>
public sealed record DeploymentMeasurement(
    string Where,
    string Backend,
    string BackendVersion,
    string Model,
    string System,
    string MatrixFormat,
    string ExpertFormat,
    int InputTokens,
    int OutputTokens,
    DeploymentPool? Engine,
    DeploymentPool? Prefill,
    DeploymentPool? Decode,
    double TtftSeconds,
    double TpotSeconds)
{
    /// <summary>Ending of the one model name that the source also uses for runs with draft tokens.</summary>
    private const string AmbiguousEnding = "DeepSeek-R1";

    /// <summary>Further models under which the source lists this measurement.</summary>
    public IReadOnlyList<string> OtherNames { get; init; } = [];

    /// <summary>
    /// Whether the run drafted tokens, which the file does not state. The source lists runs of DeepSeek-R1 without drafts under the name of its
    /// twin, DeepSeek-V3, too; those that it lists as R1 alone are up to twice as fast as the same deployment under the other name.
    /// </summary>
    public bool MayDraft => Model.EndsWith(AmbiguousEnding, StringComparison.OrdinalIgnoreCase)
        && OtherNames.All(name => name.EndsWith(AmbiguousEnding, StringComparison.OrdinalIgnoreCase));

    /// <summary>Prefill and decode run in pools of their own.</summary>
    public bool IsDisaggregated => Engine is null;

    /// <summary>Requests in flight: sequences per rank × data ranks × workers; null when the file does not state the batch.</summary>
    public int? Clients
    {
        get
        {
            DeploymentPool pool = Engine ?? Decode!;
            return pool.BatchPerRank is { } batch ? batch * pool.AttentionData * pool.Workers : null;
        }
    }

    /// <summary>What the deployments of one comparison of plans have in common: model, device and lengths.</summary>
    public string Task => $"{Model} {System} {InputTokens}/{OutputTokens}";
}
