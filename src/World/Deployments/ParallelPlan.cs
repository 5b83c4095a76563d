using Orrery.Kernel;
using Orrery.World.Models;

namespace Orrery.World.Deployments;

/// <summary>How one replica is spread over devices. Devices = tensor × pipeline × data.</summary>
/// <param name="Tensor">Each layer's matrices and heads are cut into this many parts.</param>
/// <param name="Pipeline">The layers are cut into this many stages.</param>
/// <param name="Expert">
/// Routed experts are distributed over this many ranks of a stage (it divides tensor × data); within a rank they are cut further by
/// tensor × data / expert. 1 means that experts are cut like dense layers.
/// </param>
/// <param name="Data">Attention and dense layers are replicated this often; the sequences of a step are shared out evenly.</param>
public sealed record ParallelPlan(int Tensor = 1, int Pipeline = 1, int Expert = 1, int Data = 1)
{
    /// <summary>One device.</summary>
    public static ParallelPlan Single { get; } = new();

    /// <summary>Devices of one replica.</summary>
    public int Devices => Tensor * Pipeline * Data;

    /// <summary>Devices of one pipeline stage.</summary>
    public int StageDevices => Tensor * Data;

    /// <summary>Devices over which the routed experts of a layer are spread.</summary>
    public int ExpertGroup => Expert > 1 ? Tensor * Data : Tensor;

    /// <summary>Tokens travel to the ranks of their experts, as each data rank has other tokens and other experts.</summary>
    public bool ExchangesTokens => Expert > 1 && Data > 1;

    /// <summary>Layers of a stage; the first stages take the remainder, because the last one also holds the vocabulary projection.</summary>
    public int StageLayers(int layers, int stage) => (layers / Pipeline) + (stage < layers % Pipeline ? 1 : 0);

    /// <summary>First layer of a stage.</summary>
    public int StageStart(int layers, int stage) => (stage * (layers / Pipeline)) + Math.Min(stage, layers % Pipeline);

    /// <summary>Checks that the model can be cut this way.</summary>
    /// <exception cref="InputException">It cannot; the sentence names the degree, the reason and what would be right.</exception>
    public void Validate(ModelSpec model)
    {
        ArgumentNullException.ThrowIfNull(model);
        Positive(Tensor, "tensor");
        Positive(Pipeline, "pipeline");
        Positive(Expert, "expert");
        Positive(Data, "data");
        if (model.Heads % Tensor != 0)
            throw Impossible($"tensor: {Tensor} does not divide the {model.Heads} attention heads of {model.Name}; use one of {Divisors(model.Heads)}");
        if (Pipeline > model.Layers)
            throw Impossible($"pipeline: {Pipeline} stages are more than the {model.Layers} layers of {model.Name}; use at most {model.Layers}");
        if (Expert == 1) return;
        if (model.Experts is not { } experts)
            throw new InputException($"expert: {model.Name} has no experts to distribute; leave expert at 1");
        if (StageDevices % Expert != 0)
            throw Impossible($"expert: {Expert} does not divide tensor × data = {StageDevices}; experts live on the devices of a stage, so raise tensor or data or use one of {Divisors(StageDevices)}");
        if (experts.Count % Expert != 0)
            throw Impossible($"expert: {Expert} does not divide the {experts.Count} experts of {model.Name}; use one of {Divisors(experts.Count)}");
    }

    /// <summary>Short form for tables: <c>TP4·PP2</c>.</summary>
    public override string ToString()
    {
        string text = $"TP{Tensor}";
        if (Pipeline > 1) text += $"·PP{Pipeline}";
        if (Expert > 1) text += $"·EP{Expert}";
        if (Data > 1) text += $"·DP{Data}";
        return text;
    }

    /// <summary>Another degree would do: a search passes over this one.</summary>
    private static InputException Impossible(string sentence) => new(sentence) { IsInfeasible = true };

    private static void Positive(int degree, string name)
    {
        if (degree < 1) throw new InputException($"{name}: a parallel degree must be at least 1, not {degree}");
    }

    private static string Divisors(int number) => string.Join(", ", Enumerable.Range(1, Math.Min(number - 1, 64)).Where(d => number % d == 0).Append(number));
}
