using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Orrery.Cli.Shell;
using Orrery.Cli.Tables;
using Orrery.Engine.Gguf;
using Orrery.Engine.Models;
using Orrery.Engine.Shipped;
using Orrery.Kernel;

namespace Orrery.Cli.Verbs;

/// <summary><c>model inspect</c>: what a model file holds.</summary>
internal sealed class ModelInspectVerb : Verb
{
    private const double BitsPerByte = 8;
    private const double Million = 1e6;
    private readonly Argument<string> _file = new("file") { Description = "A model file (GGUF; of a split model its first part), or tiny-kjv, the model in the program." };
    private readonly Option<bool> _tensors = new("--tensors") { Description = "List every tensor." };
    private readonly Option<bool> _metadata = new("--metadata") { Description = "List every metadata key." };
    private readonly Option<bool> _card = new("--card") { Description = "Show the model card: what it was made from, and under which licence." };
    private readonly Option<string> _json = CommonOptions.Json();

    public ModelInspectVerb()
        : base("inspect", "Architecture, sizes, tokenizer, and what is not supported.",
            "model inspect tiny-kjv", "model inspect tiny-kjv --tensors", "model inspect tiny-kjv --metadata --json -")
    {
        Add(_file);
        Add(_tensors);
        Add(_metadata);
        Add(_card);
        Add(_json);
    }

    public override IReadOnlyList<string> Notes { get; } = ["KV bytes are those of half-precision keys and values. A file is checked whole, but its tensors are not read."];

    public override int Run(ParseResult parsed, Terminal terminal)
    {
        string? json = parsed.GetValue(_json);
        JsonOutput.Prepare(json, terminal);
        using GgufFile file = ModelVerbs.Open(parsed.GetRequiredValue(_file));
        bool showsCard = parsed.GetValue(_card);
        if (showsCard && file.Name != ShippedModel.Name) throw new InputException($"--card: a model file carries no card; only {ShippedModel.Name}, the model in the program, has one");
        var summary = new GgufSummary(file);
        bool withTensors = parsed.GetValue(_tensors);
        bool withMetadata = parsed.GetValue(_metadata);
        if (json is not null) JsonOutput.Write(writer => WriteJson(file, summary, withTensors, withMetadata, writer), json, terminal);
        WriteText(file, summary, terminal.Output);
        if (withMetadata) WriteMetadata(file, terminal.Output);
        if (withTensors) WriteTensors(file, terminal.Output);
        if (showsCard) terminal.Output.Write($"\n{ShippedModel.Card}");
        return ExitCode.Done;
    }

    private static void WriteText(GgufFile file, GgufSummary summary, TextWriter output)
    {
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{file.Name}: {summary.Architecture ?? "no architecture"}{(summary.IsAdapter ? " adapter" : "")}, {TextTable.Figure(summary.Parameters / Million, 4)} M parameters, {TextTable.Figure(file.ByteCount / Million, 4)} MB"));
        output.WriteLine();
        Line(output, "name", file.Metadata.Contains("general.name") ? file.Metadata.Describe("general.name") : "-");
        string parts = file.Parts == 1 ? "1 file" : Whole(file.Parts) + " files";
        Line(output, "format", $"GGUF version {file.Version}, {Whole(file.Tensors.Count)} tensors, {parts}");
        Line(output, "layers", $"{Whole(summary.Layers)} of width {Whole(summary.Width)}, feed-forward {Whole(summary.FeedForward)}");
        Line(output, "heads", $"{Whole(summary.Heads)}, {Whole(summary.KvHeads)} for keys and values, size {Whole(summary.HeadSize)}");
        if (summary.Experts > 0) Line(output, "experts", $"{Whole(summary.Experts)}, of which a token uses {Whole(summary.ExpertsUsed)}");
        Line(output, "context", summary.Context is null ? "-" : Whole(summary.Context) + " tokens");
        Line(output, "KV", summary.KvBytesPerToken is null ? "-" : Whole(summary.KvBytesPerToken) + " bytes per token in F16");
        Line(output, "tokenizer", summary.Tokenizer is null ? "-" : $"{file.Metadata.Describe("tokenizer.ggml.model")}, {Whole(summary.Vocabulary)} tokens");
        Line(output, "chat template", summary.HasChatTemplate ? "yes" : "no");
        if (summary.NotSupported.Count == 0) Line(output, "not supported", "nothing found: the engine reads all of it");
        foreach (string gap in summary.NotSupported) Line(output, "not supported", gap);
        output.WriteLine();
        var table = new TextTable(new("stored as", IsNumber: false), new("tensors"), new("parameters\nM"), new("size\nMB"), new("bits per\nparameter"));
        foreach (StoredShare share in summary.Types)
        {
            string bits = share.Bytes == 0 ? "-" : TextTable.Figure(share.Bytes * BitsPerByte / share.Parameters, 4);
            table.Add(share.Type, Whole(share.Tensors), TextTable.Figure(share.Parameters / Million, 4), share.Bytes == 0 ? "-" : TextTable.Figure(share.Bytes / Million, 4), bits);
        }
        table.Write(output);
    }

    private static void WriteMetadata(GgufFile file, TextWriter output)
    {
        output.WriteLine();
        var table = new TextTable(new("metadata key", IsNumber: false, Wraps: true), new("value", IsNumber: false, Wraps: true));
        foreach (string key in file.Metadata.Keys) table.Add(key, file.Metadata.Describe(key));
        table.Write(output);
    }

    private static void WriteTensors(GgufFile file, TextWriter output)
    {
        output.WriteLine();
        var table = new TextTable(new("tensor", IsNumber: false, Wraps: true), new("stored as", IsNumber: false), new("dimensions", IsNumber: false), new("bytes"));
        foreach (GgufTensor tensor in file.Tensors) table.Add(tensor.Name, tensor.TypeName, string.Join(" x ", tensor.Dimensions), Whole(tensor.ByteCount));
        table.Write(output);
    }

    private static void WriteJson(GgufFile file, GgufSummary summary, bool withTensors, bool withMetadata, Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("schema", "orrery.model/1");
        writer.WriteString("file", file.Name);
        writer.WriteNumber("fileBytes", file.ByteCount);
        writer.WriteNumber("parts", file.Parts);
        writer.WriteNumber("version", file.Version);
        writer.WriteString("architecture", summary.Architecture);
        writer.WriteString("name", summary.Name);
        writer.WriteBoolean("adapter", summary.IsAdapter);
        writer.WriteNumber("parameters", summary.Parameters);
        Number(writer, "layers", summary.Layers);
        Number(writer, "width", summary.Width);
        Number(writer, "feedForward", summary.FeedForward);
        Number(writer, "heads", summary.Heads);
        Number(writer, "kvHeads", summary.KvHeads);
        Number(writer, "headSize", summary.HeadSize);
        Number(writer, "experts", summary.Experts);
        Number(writer, "expertsUsed", summary.ExpertsUsed);
        Number(writer, "contextTokens", summary.Context);
        Number(writer, "kvBytesPerToken", summary.KvBytesPerToken);
        writer.WriteString("tokenizer", summary.Tokenizer);
        Number(writer, "vocabulary", summary.Vocabulary);
        writer.WriteBoolean("chatTemplate", summary.HasChatTemplate);
        writer.WriteStartArray("notSupported");
        foreach (string gap in summary.NotSupported) writer.WriteStringValue(gap);
        writer.WriteEndArray();
        writer.WriteStartArray("types");
        foreach (StoredShare share in summary.Types)
        {
            writer.WriteStartObject();
            writer.WriteString("type", share.Type);
            writer.WriteNumber("tensors", share.Tensors);
            writer.WriteNumber("parameters", share.Parameters);
            writer.WriteNumber("bytes", share.Bytes);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        if (withMetadata)
        {
            writer.WriteStartObject("metadata");
            foreach (string key in file.Metadata.Keys) writer.WriteString(key, file.Metadata.Describe(key));
            writer.WriteEndObject();
        }
        if (withTensors) WriteTensors(file, writer);
        writer.WriteEndObject();
    }

    private static void WriteTensors(GgufFile file, Utf8JsonWriter writer)
    {
        writer.WriteStartArray("tensors");
        foreach (GgufTensor tensor in file.Tensors)
        {
            writer.WriteStartObject();
            writer.WriteString("name", tensor.Name);
            writer.WriteString("type", tensor.TypeName);
            writer.WriteStartArray("dimensions");
            foreach (long size in tensor.Dimensions) writer.WriteNumberValue(size);
            writer.WriteEndArray();
            writer.WriteNumber("bytes", tensor.ByteCount);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private static void Number(Utf8JsonWriter writer, string key, long? value)
    {
        if (value is { } known) writer.WriteNumber(key, known);
        else writer.WriteNull(key);
    }

    private static void Line(TextWriter output, string label, string text)
    {
        const int labelWidth = 15;
        foreach (string line in TextTable.Wrap(text, Terminal.Columns - labelWidth))
        {
            output.WriteLine(label.PadRight(labelWidth) + line);
            label = "";
        }
    }

    private static string Whole(long? value) => value is { } known ? known.ToString("N0", CultureInfo.InvariantCulture) : "-";
}
