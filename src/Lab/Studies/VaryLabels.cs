using System.Text;

namespace Orrery.Lab.Studies;

/// <summary>Short names for what a study varies.</summary>
public static class VaryLabels
{
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
