using System.CommandLine;
using System.Text.Json.Nodes;
using Orrery.Cli.Shell;
using Orrery.Cli.Tables;

namespace Orrery.Cli.Catalogues;

/// <summary><c>catalog KIND [NAME]</c>: the table of a kind, or one entry with every figure, unit and source.</summary>
internal sealed class CatalogVerb<T> : Verb
{
    private readonly CatalogKind<T> _kind;
    private readonly Argument<string?> _name = new("name") { Description = "One entry, by name or alias.", Arity = ArgumentArity.ZeroOrOne };
    private readonly Option<string> _json = CommonOptions.Json();

    public CatalogVerb(string name, string summary, CatalogKind<T> kind, params string[] examples)
        : base(name, summary, examples)
    {
        _kind = kind;
        Add(_name);
        Add(_json);
    }

    public override int Run(ParseResult parsed, Terminal terminal)
    {
        string? name = parsed.GetValue(_name);
        string? json = parsed.GetValue(_json);
        T? one = name is null ? default : _kind.Find(name);
        if (json is not null)
        {
            JsonNode document = one is null ? new JsonArray([.. _kind.All().Select(entry => (JsonNode)ToJson(entry))]) : ToJson(one);
            JsonOutput.Write(document, json, terminal);
        }
        if (one is not null) WriteEntry(one, terminal.Output);
        else WriteTable(terminal.Output);
        return ExitCode.Done;
    }

    private void WriteTable(TextWriter output)
    {
        if (output == TextWriter.Null) return;
        var table = new TextTable([.. _kind.Columns]);
        foreach (T entry in _kind.All()) table.Add(_kind.Row(entry));
        table.Write(output);
        output.WriteLine();
        if (_kind.Note.Length > 0)
            foreach (string line in TextTable.Wrap(_kind.Note, Terminal.Columns)) output.WriteLine(line);
        output.WriteLine($"'orrery catalog {Name} NAME' shows one with its sources.");
    }

    private void WriteEntry(T entry, TextWriter output)
    {
        IReadOnlyList<Fact> facts = _kind.Facts(entry);
        int width = facts.Max(fact => fact.Label.Length) + 2;
        foreach (Fact fact in facts)
        {
            string label = fact.Label;
            foreach (string line in TextTable.Wrap(fact.Text, Terminal.Columns - width))
            {
                output.WriteLine((label.PadRight(width) + line).TrimEnd());
                label = "";
            }
        }
        IReadOnlyList<CatalogKind<T>.Option> options = _kind.Options(entry);
        if (options.Count == 0) return;
        output.WriteLine();
        var table = new TextTable(
            new Column("option", IsNumber: false), new Column("takes", IsNumber: false, Wraps: true), new Column("default", IsNumber: false, Wraps: true),
            new Column("meaning", IsNumber: false, Wraps: true), new Column("source", IsNumber: false, Wraps: true));
        foreach (CatalogKind<T>.Option option in options) table.Add(option.Key, option.Type, option.Default, option.Doc, option.Source);
        table.Write(output);
    }

    private JsonObject ToJson(T entry)
    {
        var json = new JsonObject();
        foreach (Fact fact in _kind.Facts(entry)) json[fact.Key] = fact.Value?.DeepClone();
        IReadOnlyList<CatalogKind<T>.Option> options = _kind.Options(entry);
        if (options.Count == 0) return json;
        json["options"] = new JsonArray([.. options.Select(option => (JsonNode)new JsonObject
        {
            ["key"] = option.Key, ["takes"] = option.Type, ["default"] = option.Default, ["meaning"] = option.Doc, ["source"] = option.Source,
        })]);
        return json;
    }
}
