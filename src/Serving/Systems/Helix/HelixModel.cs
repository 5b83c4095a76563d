using Orrery.Kernel;

namespace Orrery.Serving.Systems.Helix;

/// <summary>A model as the paper's cost tables know it.</summary>
/// <param name="Name">As options write it.</param>
/// <param name="Layers">m.</param>
/// <param name="ActivationBytes">Between machines, for each token: two bytes for each hidden unit.</param>
/// <param name="Profiles">By kind of machine.</param>
/// <param name="TypicalLayers">Layers that a machine of a kind is guessed to hold, first guess for the steady state (b).</param>
/// <param name="FirstSpeeds">Layers per second of a kind in that first guess, up to a common factor (b).</param>
public sealed record HelixModel(
    string Name, int Layers, int ActivationBytes, IReadOnlyDictionary<string, HelixProfile> Profiles,
    IReadOnlyDictionary<string, int> TypicalLayers, IReadOnlyDictionary<string, double> FirstSpeeds)
{
    /// <summary>A token's number between coordinator and machines (b).</summary>
    public const int TokenBytes = 2;

    public static readonly HelixModel Llama70B = new("llama-2-70b", 80, 16_384, HelixProfiles.Llama70B,
        new Dictionary<string, int> { ["a100-40"] = 8, ["v100"] = 3, ["l4"] = 4, ["l4x2"] = 9, ["t4"] = 3, ["t4x2"] = 6, ["t4x4"] = 12 },
        new Dictionary<string, double> { ["a100-40"] = 80, ["v100"] = 40, ["l4"] = 20, ["l4x2"] = 30, ["t4"] = 12.5, ["t4x2"] = 20, ["t4x4"] = 30 });

    public static readonly HelixModel Llama30B = new("llama-30b", 60, 13_312, HelixProfiles.Llama30B,
        new Dictionary<string, int> { ["a100-40"] = 12, ["v100"] = 4, ["l4"] = 8, ["l4x2"] = 14, ["t4"] = 4, ["t4x2"] = 10, ["t4x4"] = 20 },
        new Dictionary<string, double> { ["a100-40"] = 48, ["v100"] = 25, ["l4"] = 9, ["l4x2"] = 15, ["t4"] = 8, ["t4x2"] = 15, ["t4x4"] = 23 });

    public static readonly IReadOnlyList<string> Names = [Llama70B.Name, Llama30B.Name];

    /// <exception cref="InputException">No model has this name.</exception>
    public static HelixModel Find(string name) =>
        name == Llama70B.Name ? Llama70B
        : name == Llama30B.Name ? Llama30B
        : throw new InputException($"model: there are no cost tables of '{name}'{Kernel.Names.Suggest(name, Names)}");
}
