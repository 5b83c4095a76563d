using System.Text.RegularExpressions;

namespace Orrery.House.Tests;

/// <summary>What we do not write, where, and what to write instead.</summary>
public sealed class BannedIdiomTests
{
    private const int LongestFile = 400;
    private const string ThisFile = "tests/House.Tests/BannedIdiomTests.cs";

    /// <summary>Pattern, where it is looked for, where it is right, and the remedy.</summary>
    private static readonly (string Pattern, string Under, string[] Except, string Remedy)[] Bans =
    [
        (@"DateTime(Offset)?\.(Utc)?Now|DateTime\.Today", "src/", [], "time comes from a Clock, or from the TimeProvider that the caller gives"),
        (@"Random\.Shared|new Random\(|new System\.Random\(", "src/", [], "chance comes from a named RandomStream"),
        (@"Random\.Shared", "tests/", [], "a test's chance has a seed that its message shows"),
        (@"\bStopwatch\b", "src/", ["src/Lab/", "src/Cli/", "src/BannedSymbols.txt"], "only runs and progress measure wall time"),
        (@"\bConsole\.", "src/", ["src/Cli/"], "only the command line writes to the console"),
        (@"[(,]\s*(double|float) (time|duration|latency|delay|timeout|interval|memory|bandwidth|power|energy)\s*[,)=]", "src/", [], "a quantity carries its unit in its type or its name"),
        (@"\b(TODO|FIXME|HACK|XXX)\b", "", [], "finish it, or open an issue"),
        (@"NotImplementedException", "src/", [], "no stubs: what is not there has no name yet"),
        (@"#region", "", [], "split the file instead"),
        (@"(?<![\w.])/(home|root|Users)/\w", "", [], "no path of one machine"),
        ("(?<![\\w.])/" + "work/", "", [], "no path of one machine"),
        (@"[A-Z]:\\Users", "", [], "no path of one machine"),
        (@"(nuget|npmjs|pypi)\.(org|com|io)", "", [], "no registry host: package sources are the machine's setting"),
        (@"catch\s*(\([^)]*\))?\s*\{\s*\}", "src/", [], "an empty catch hides mistakes; say why it is right to go on"),
        (@"Thread\.Sleep|Task\.Delay\((?!Timeout)", "src/", ["src/BannedSymbols.txt"], "wait on a Clock"),
    ];

    public static TheoryData<string> Patterns() => [.. Bans.Select(ban => ban.Pattern)];

    [Theory]
    [MemberData(nameof(Patterns))]
    public void Nobody_writes(string pattern)
    {
        (_, string under, string[] except, string remedy) = Bans.First(ban => ban.Pattern == pattern);
        var regex = new Regex(pattern, RegexOptions.None, TimeSpan.FromSeconds(10));
        List<string> found = [];
        foreach (string file in Repository.Texts())
        {
            if (file == ThisFile || !file.StartsWith(under, StringComparison.Ordinal) || except.Any(e => file.StartsWith(e, StringComparison.Ordinal))) continue;
            string[] lines = File.ReadAllLines(Repository.At(file));
            for (int i = 0; i < lines.Length; i++)
                if (regex.IsMatch(lines[i])) found.Add($"{file}:{i + 1}: {lines[i].Trim()}");
        }
        Assert.True(found.Count == 0, $"{remedy}:\n{string.Join('\n', found)}");
    }

    [Fact]
    public void No_file_is_longer_than_a_reader_can_hold()
    {
        string[] tooLong =
        [
            .. Repository.Files("src", "*.cs").Concat(Repository.Files("tests", "*.cs"))
                .Where(file => File.ReadLines(Repository.At(file)).Count() > LongestFile),
        ];
        Assert.True(tooLong.Length == 0, $"longer than {LongestFile} lines, split them by aspect: {string.Join(", ", tooLong)}");
    }

    [Fact]
    public void Texts_end_with_one_line_feed_and_have_no_trailing_blanks()
    {
        List<string> found = [];
        foreach (string file in Repository.Texts())
        {
            if (Path.GetExtension(file) == ".cmd" || file.Contains("/Assets/", StringComparison.Ordinal)) continue;
            string text = Repository.Read(file);
            if (text.Length == 0 || file.StartsWith("LICENSE", StringComparison.Ordinal)) continue;
            if (text.Contains('\r', StringComparison.Ordinal)) found.Add($"{file}: carriage returns");
            if (!text.EndsWith('\n') || text.EndsWith("\n\n", StringComparison.Ordinal)) found.Add($"{file}: must end with one line feed");
            int trailing = Array.FindIndex(text.Split('\n'), line => line.EndsWith(' ') || line.EndsWith('\t'));
            if (trailing >= 0) found.Add($"{file}:{trailing + 1}: trailing blanks");
        }
        Assert.True(found.Count == 0, string.Join('\n', found));
    }
}
