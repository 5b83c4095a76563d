using Orrery.Documents;
using Orrery.Kernel;

namespace Orrery.Lab.Studies;

/// <summary>All combinations of what a study varies.</summary>
internal static class CrossProduct
{
    /// <summary>Beyond this a study is a slip of the keyboard, and its list alone would fill the memory.</summary>
    public const int MostCombinations = 10_000;

    /// <summary>Combinations in the order of nested loops: the first flag is the outermost.</summary>
    /// <exception cref="InputException">A malformed flag, a path varied twice, or too many combinations.</exception>
    public static IReadOnlyList<IReadOnlyDictionary<string, string>> Of(IReadOnlyList<string> varies)
    {
        var axes = new List<(string Path, IReadOnlyList<string> Values)>();
        long combinations = 1;
        foreach (string vary in varies)
        {
            (string path, IReadOnlyList<string> values) = Overrides.ParseVary(vary);
            if (axes.Any(axis => axis.Path == path))
                throw new InputException($"--vary {path}: the path is varied twice; join its values in one flag");
            axes.Add((path, values));
            combinations *= values.Count;
            if (combinations > MostCombinations)
                throw new InputException($"--vary {path}: the study has more than {MostCombinations} combinations; vary fewer values");
        }
        var all = new List<IReadOnlyDictionary<string, string>>((int)combinations);
        for (long index = 0; index < combinations; index++)
        {
            var combination = new OrderedDictionary<string, string>();
            long rest = index;
            long inner = combinations;
            foreach ((string path, IReadOnlyList<string> values) in axes)
            {
                inner /= values.Count;
                combination.Add(path, values[(int)(rest / inner)]);
                rest %= inner;
            }
            all.Add(combination);
        }
        return all;
    }

    /// <summary>The tree with one combination set.</summary>
    public static Node Apply(Node tree, IReadOnlyDictionary<string, string> vary) =>
        vary.Aggregate(tree, (node, entry) => Overrides.Apply(node, $"{entry.Key}={entry.Value}", "--vary"));
}
