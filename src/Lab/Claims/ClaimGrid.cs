using Orrery.Documents;

namespace Orrery.Lab.Claims;

/// <summary>One axis of a grid.</summary>
/// <param name="Name">As expressions and drawings call it.</param>
public sealed record ClaimAxis(string Name, ClaimSweep Along);

/// <summary>Every combination of values along a few axes; the last axis changes fastest.</summary>
public sealed record ClaimGrid(IReadOnlyList<ClaimAxis> Axes)
{
    /// <summary>Combinations.</summary>
    public int Points { get; } = Axes.Aggregate(1, (points, axis) => checked(points * axis.Along.Values.Count));

    /// <summary>Points between two neighbours along an axis.</summary>
    public int Stride(int axis) => Axes.Skip(axis + 1).Aggregate(1, (stride, inner) => stride * inner.Along.Values.Count);

    /// <summary>Which value of an axis a point has.</summary>
    public int Index(int point, int axis) => point / Stride(axis) % Axes[axis].Along.Values.Count;

    /// <summary>The points of every line along an axis, in its order.</summary>
    public IEnumerable<int[]> Lines(int axis)
    {
        int stride = Stride(axis);
        int length = Axes[axis].Along.Values.Count;
        return Enumerable.Range(0, Points).Where(point => Index(point, axis) == 0)
            .Select(first => Enumerable.Range(0, length).Select(i => first + (i * stride)).ToArray());
    }

    /// <summary><c>gpus 4, batch 64</c>.</summary>
    public string Describe(int point) => string.Join(", ", Axes.Select((axis, i) => $"{axis.Name} {axis.Along.Values[Index(point, i)].Text}"));

    /// <summary>The tree with the values of a point.</summary>
    internal Node Apply(Node tree, int point)
    {
        for (int i = 0; i < Axes.Count; i++) tree = Overrides.Set(tree, Axes[i].Along.Path, Axes[i].Along.Values[Index(point, i)]);
        return tree;
    }
}
