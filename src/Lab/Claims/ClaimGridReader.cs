using Orrery.Documents;
using Orrery.Kernel;

namespace Orrery.Lab.Claims;

/// <summary>Reads <c>grid:</c> and what <c>quick:</c> leaves of it.</summary>
internal static class ClaimGridReader
{
    private const int MostAxes = 3;
    private const int MostPoints = 1000;

    /// <param name="own">The claim's; its axes replace those of the same name.</param>
    /// <param name="shared">The file's; a claim with a sweep does without.</param>
    /// <param name="sweep">The claim's sweep.</param>
    /// <exception cref="InputException">A mistake.</exception>
    public static ClaimGrid? Read(Node? own, Node? shared, ClaimSweep? sweep)
    {
        if (own is not null && sweep is not null) throw own.KeyError("a claim has a sweep or a grid; remove one of them");
        if (sweep is not null) return null;
        if ((own is null || shared is null ? own ?? shared : Overrides.Merge(shared, own.AsMap().Node)) is not { } node) return null;
        var axes = new List<ClaimAxis>();
        foreach ((string name, Node value) in node.AsMap().Node.Entries)
        {
            if (!char.IsAsciiLetter(name[0]) || !name.All(char.IsAsciiLetterOrDigit)) throw value.KeyError($"'{name}' is no name of an axis; write letters and digits");
            axes.Add(new(name, ClaimReader.Sweep(value.AsMap())));
        }
        if (axes.Count is 0 or > MostAxes) throw node.Error($"a grid has 1 to {MostAxes} axes, such as gpus: {{path: fleet.0.tensor, values: [1, 2]}}");
        if (axes.DistinctBy(axis => axis.Along.Path).Count() < axes.Count) throw node.Error("two axes vary the same path; keep one of them");
        long points = axes.Aggregate(1L, (product, axis) => product * axis.Along.Values.Count);
        return points <= MostPoints ? new(axes) : throw node.Error($"the grid has {points} points; at most {MostPoints} are possible");
    }

    /// <summary>The grid with the values that <c>quick: {grid: {AXIS: […]}}</c> replaces.</summary>
    /// <exception cref="InputException">No grid, an unknown axis, or a mistake in the values.</exception>
    public static ClaimGrid? Quick(ClaimGrid? full, Node? node)
    {
        if (node is null) return full;
        if (full is null) throw node.KeyError("this claim has no grid whose values could be replaced; remove the key");
        ClaimAxis[] axes = [.. full.Axes];
        foreach ((string name, Node values) in node.AsMap().Node.Entries)
        {
            int index = Array.FindIndex(axes, axis => axis.Name == name);
            if (index < 0) throw values.KeyError($"the grid has no axis '{name}'{Names.Suggest(name, [.. axes.Select(axis => axis.Name)])}");
            ClaimSweep along = ClaimReader.Values(axes[index].Along.Path, values);
            if (along.Numbers is null != axes[index].Along.Numbers is null) throw values.Error("the values must be of the kind that the axis has");
            axes[index] = axes[index] with { Along = along };
        }
        return new(axes);
    }

    /// <summary>The values that <c>quick: {each: […]}</c> replaces.</summary>
    /// <exception cref="InputException">No <c>each</c>, or a mistake in the values.</exception>
    public static ClaimSweep? Quick(ClaimSweep? each, Node? node)
    {
        if (node is null) return each;
        return each is null ? throw node.KeyError("this claim has no 'each' whose values could be replaced; remove the key") : ClaimReader.Values(each.Path, node);
    }
}
