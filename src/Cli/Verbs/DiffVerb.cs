using System.CommandLine;
using System.Text.Json;
using Orrery.Cli.Shell;
using Orrery.Cli.Tables;
using Orrery.Lab.Studies;

namespace Orrery.Cli.Verbs;

/// <summary><c>diff A B</c>: two results side by side.</summary>
internal sealed class DiffVerb : Verb
{
    /// <summary>What a reader looks at first of a distribution; the rest is shown with <c>--all</c>.</summary>
    private static readonly string[] TellingStatistics = ["mean", "p50", "p90", "p99"];

    private readonly Argument<string> _a = new("a") { Description = "A result: the file of --json, or the folder of --out." };
    private readonly Argument<string> _b = new("b") { Description = "The result to compare with it." };
    private readonly Option<bool> _all = new("--all") { Description = "Every figure, also those that are equal." };
    private readonly Option<string> _json = CommonOptions.Json();

    public DiffVerb()
        : base("diff", "Show two results side by side, with the difference of each figure.", "diff out/a out/b", "diff out/live out/simulated", "diff before.json after.json --all")
    {
        Add(_a);
        Add(_b);
        Add(_all);
        Add(_json);
    }

    public override int Run(ParseResult parsed, Terminal terminal)
    {
        string? json = parsed.GetValue(_json);
        JsonOutput.Prepare(json, terminal);
        ResultDiff diff = ResultDiff.OfFiles(parsed.GetRequiredValue(_a), parsed.GetRequiredValue(_b));
        if (json is not null) JsonOutput.Write(writer => WriteJson(diff, writer), json, terminal);
        WriteText(diff, parsed.GetValue(_all), terminal.Output);
        return ExitCode.Done;
    }

    private static void WriteText(ResultDiff diff, bool all, TextWriter output)
    {
        output.WriteLine($"A  {diff.NameA}");
        output.WriteLine($"B  {diff.NameB}");
        foreach (DiffGroup group in diff.Groups)
        {
            output.WriteLine();
            if (group.Label.Length > 0) output.WriteLine(group.Label);
            var table = new TextTable(new("figure", IsNumber: false), new("A"), new("B"), new("B against A"));
            int equal = 0;
            foreach (DiffRow row in group.Rows)
            {
                if (!all && (!IsTelling(row.Metric) || (diff.IsMixed && (row.A is null || row.B is null)))) continue;
                if (!all && row.Difference == 0) equal++;
                else table.Add(row.Metric, row.TextA, row.TextB, row.TextDifference);
            }
            if (table.Rows > 0) table.Write(output);
            if (equal > 0) output.WriteLine($"{(table.Rows == 0 ? "all" : "further")} {equal} figures are equal; --all shows them");
        }
        foreach (string note in diff.Notes) output.WriteLine($"note: {note}");
    }

    private static bool IsTelling(string metric)
    {
        string last = metric[(metric.LastIndexOf('.') + 1)..];
        bool isStatistic = last is "count" or "std" or "min" or "max" || (last[0] == 'p' && last[1..].All(char.IsAsciiDigit));
        return !isStatistic || TellingStatistics.Contains(last);
    }

    private static void WriteJson(ResultDiff diff, Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("schema", "orrery.diff/1");
        writer.WriteString("a", diff.NameA);
        writer.WriteString("b", diff.NameB);
        writer.WriteStartArray("groups");
        foreach (DiffGroup group in diff.Groups)
        {
            writer.WriteStartObject();
            writer.WriteString("label", group.Label);
            writer.WriteStartArray("figures");
            foreach (DiffRow row in group.Rows)
            {
                writer.WriteStartObject();
                writer.WriteString("figure", row.Metric);
                Number(writer, "a", row.A);
                Number(writer, "b", row.B);
                Number(writer, "difference", row.Difference);
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteStartArray("notes");
        foreach (string note in diff.Notes) writer.WriteStringValue(note);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void Number(Utf8JsonWriter writer, string key, double? value)
    {
        if (value is { } number) writer.WriteNumber(key, number);
        else writer.WriteNull(key);
    }
}
