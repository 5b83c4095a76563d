namespace Orrery.Kernel;

/// <summary>Finds the name a user probably meant.</summary>
public static class Names
{
    /// <summary>The nearest of <paramref name="known"/> by edit distance, or null when none is near enough to suggest.</summary>
    public static string? Nearest(string name, IEnumerable<string> known)
    {
        string? best = null;
        int bestDistance = Math.Max(2, name.Length / 3) + 1;
        foreach (string candidate in known)
        {
            int distance = Distance(name, candidate);
            if (distance < bestDistance)
            {
                bestDistance = distance;
                best = candidate;
            }
        }
        return best;
    }

    /// <summary>One sentence's ending: <c>; did you mean 'x'? Known: a, b, c</c> (the list is cut after 12 names).</summary>
    public static string Suggest(string name, IReadOnlyCollection<string> known)
    {
        const int shown = 12;
        string? nearest = Nearest(name, known);
        string list = string.Join(", ", known.Take(shown)) + (known.Count > shown ? $", … ({known.Count} in all)" : "");
        return nearest is null ? $"; known: {list}" : $"; did you mean '{nearest}'? Known: {list}";
    }

    private static int Distance(string a, string b)
    {
        // Levenshtein over two rows, case-insensitive.
        int[] previous = new int[b.Length + 1];
        int[] current = new int[b.Length + 1];
        for (int j = 0; j <= b.Length; j++) previous[j] = j;
        for (int i = 1; i <= a.Length; i++)
        {
            current[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int cost = char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) ? 0 : 1;
                current[j] = Math.Min(Math.Min(current[j - 1], previous[j]) + 1, previous[j - 1] + cost);
            }
            (previous, current) = (current, previous);
        }
        return previous[b.Length];
    }
}
