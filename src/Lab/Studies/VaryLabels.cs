using System.Text;

namespace Orrery.Lab.Studies;

/// <summary>Short names for what a study varies.</summary>
public static class VaryLabels
{
    /// <summary>The key under which a caller's own names of runs stand where nothing was varied by path.</summary>
    public const string OwnName = "run";

    /// <summary>
    /// The last telling part of each path: <c>fleet.0.scheduler.use</c> is <c>scheduler</c>, <c>traffic.rate</c> is <c>rate</c>. Paths whose
    /// short names would be the same keep their whole text.
    /// </summary>
    public static IReadOnlyList<string> Short(IReadOnlyList<string> paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        string[] names = [.. paths.Select(Last)];
        return [.. names.Select((name, i) => names.Count(other => other == name) > 1 ? paths[i] : name)];
    }

    /// <summary>One combination on one line. Names speak for themselves (<c>vllm-v1</c>); other values follow their key (<c>replicas 4</c>).</summary>
    public static string Describe(IReadOnlyDictionary<string, string> vary)
    {
        ArgumentNullException.ThrowIfNull(vary);
        IReadOnlyList<string> names = Short([.. vary.Keys]);
        return string.Join(" · ", vary.Values.Select((value, i) => IsName(value) || names[i] == OwnName ? value : $"{names[i]} {value}"));
    }

    private static bool IsName(string value) => value.Length > 0 && char.IsAsciiLetter(value[0]) && value is not ("true" or "false" or "null");

    /// <summary>One text per combination, equal only for equal combinations.</summary>
    internal static string Key(IReadOnlyDictionary<string, string> vary)
    {
        var key = new StringBuilder();
        foreach ((string path, string value) in vary) key.Append(path).Append('\0').Append(value).Append('\u0001');
        return key.ToString();
    }

    private static string Last(string path)
    {
        string[] parts = path.Split('.');
        int last = parts.Length - 1;
        // `use` says nothing by itself, and neither does an index.
        while (last > 0 && (parts[last] == "use" || parts[last].All(char.IsAsciiDigit))) last--;
        return parts[last];
    }
}
