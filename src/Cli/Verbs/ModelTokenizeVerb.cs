using System.CommandLine;
using System.Globalization;
using System.Text;
using Orrery.Cli.Shell;
using Orrery.Engine.Gguf;
using Orrery.Engine.Shipped;
using Orrery.Engine.Tokenizers;

namespace Orrery.Cli.Verbs;

/// <summary><c>model tokenize</c>: the tokens of a text, as the model sees them.</summary>
internal sealed class ModelTokenizeVerb : Verb
{
    private const string StandardInput = "-";

    private readonly Argument<string> _file = new("file") { HelpName = "FILE", Description = $"A model file (GGUF), of which the vocabulary is enough, or {ShippedModel.Name}, the model in the program." };

    private readonly Option<string> _text = new("--text")
    {
        HelpName = "T|-",
        Description = "The text; '-' or nothing reads standard input as UTF-8, to the last byte.",
    };

    private readonly Option<bool> _noBos = new("--no-bos") { Description = "Leave out the token that begins a text, even where the model wants it." };

    private readonly Option<bool> _special = new("--special") { Description = "Read control tokens that are written out in the text, such as <|im_end|>." };

    private readonly Option<string> _json = CommonOptions.Json();

    public ModelTokenizeVerb()
        : base("tokenize", "The tokens of a text: ids and pieces.",
            $"model tokenize {ShippedModel.Name} --text 'In the beginning'", "model tokenize model.gguf --no-bos --json - < letter.txt")
    {
        Add(_file);
        Add(_text);
        Add(_noBos);
        Add(_special);
        Add(_json);
    }

    public override int Run(ParseResult parsed, Terminal terminal)
    {
        string? json = parsed.GetValue(_json);
        JsonOutput.Prepare(json, terminal);
        string path = parsed.GetRequiredValue(_file);
        using GgufFile file = ModelVerbs.Open(path);
        Tokenizer tokenizer = Tokenizer.Read(file.Metadata, path);
        string text = parsed.GetValue(_text) is { } given and not StandardInput ? given : ReadStandardInput();
        int[] ids = tokenizer.Encode(text, addBos: !parsed.GetValue(_noBos), parseSpecial: parsed.GetValue(_special));
        if (json is not null)
        {
            JsonOutput.Write(writer =>
            {
                writer.WriteStartObject();
                writer.WriteStartArray("ids");
                foreach (int id in ids) writer.WriteNumberValue(id);
                writer.WriteEndArray();
                writer.WriteEndObject();
            }, json, terminal);
        }
        foreach (int id in ids) terminal.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{id,7}  {Shown(tokenizer, id)}"));
        terminal.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{ids.Length:N0} {(ids.Length == 1 ? "token" : "tokens")}"));
        return ExitCode.Done;
    }

    private static string ReadStandardInput()
    {
        using Stream input = Console.OpenStandardInput();
        using var bytes = new MemoryStream();
        input.CopyTo(bytes);
        return Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
    }

    /// <summary>A piece on one line: text in quotation marks with what does not print written out, a control token bare.</summary>
    private static string Shown(Tokenizer tokenizer, int id)
    {
        ReadOnlySpan<byte> bytes = tokenizer.BytesOf(id);
        if (bytes.IsEmpty) return tokenizer.PieceOf(id);
        var shown = new StringBuilder("\"");
        while (!bytes.IsEmpty)
        {
            bool isWhole = Rune.DecodeFromUtf8(bytes, out Rune rune, out int consumed) == System.Buffers.OperationStatus.Done;
            if (!isWhole)
            {
                foreach (byte value in bytes[..consumed]) shown.Append(CultureInfo.InvariantCulture, $"\\x{value:X2}");
            }
            else
            {
                shown.Append(rune.Value switch
                {
                    '\n' => "\\n",
                    '\r' => "\\r",
                    '\t' => "\\t",
                    '"' => "\\\"",
                    '\\' => "\\\\",
                    _ when Rune.IsControl(rune) => string.Create(CultureInfo.InvariantCulture, $"\\x{rune.Value:X2}"),
                    _ => rune.ToString(),
                });
            }
            bytes = bytes[consumed..];
        }
        return shown.Append('"').ToString();
    }
}
