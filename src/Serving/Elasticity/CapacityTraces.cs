using Orrery.Kernel;

namespace Orrery.Serving.Elasticity;

/// <summary>Capacity traces by name. A unit is one machine of four T4, as in the study the traces come from.</summary>
/// <remarks>
/// Source: segments of a spot market's history in the artefact of SpotServe (Miao et al., ASPLOS 2024) (b): segments A and B with spot
/// machines alone, the same filled up by on-demand machines, and under a load that changes, where the wanted number changes too.
/// </remarks>
public static class CapacityTraces
{
    /// <summary>Name and text, in the order of the source.</summary>
    public static readonly IReadOnlyDictionary<string, string> All = new Dictionary<string, string>
    {
        ["spot-a"] = "0:7, 240:8, 360:10, 600:9, 900:10, 1200:8, end 1320",
        ["spot-b"] = "0:10, 120:8, 240:7, 720:8, 960:9, end 1020",
        ["spot-a-filled"] = "0:7, 120:10, 600:9, 690:10, 1200:8, 1290:10, end 1380",
        ["spot-b-filled"] = "0:10, 120:8, 210:10, 240:9, 330:10, end 720",
        ["spot-a-load"] = "0:7, 120:10, 360:12, 600:10, end 1140",
        ["spot-b-load"] = "0:10, 120:8, 210:10, 240:9, 330:10, 450:12, 600:10, end 1140",
    };

    /// <summary>A trace by name, or read from its text where that has a colon.</summary>
    /// <param name="nameOrText"><c>spot-a</c>, or <c>0:7, 240:8, end 600</c>.</param>
    /// <exception cref="InputException">Neither.</exception>
    public static CapacityTrace Find(string nameOrText)
    {
        ArgumentNullException.ThrowIfNull(nameOrText);
        string name = nameOrText.Trim();
        if (All.TryGetValue(name, out string? text)) return CapacityTrace.Parse(text);
        if (name.Contains(':', StringComparison.Ordinal)) return CapacityTrace.Parse(name);
        throw new InputException($"unknown capacity trace '{name}'{Names.Suggest(name, [.. All.Keys])}; or write your own, such as '0:7, 240:8, end 1320'");
    }
}
