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

/// <summary><c>model logits</c>: the most probable next tokens after given ones, step by step, to compare engines with.</summary>
internal sealed class ModelLogitsVerb : Verb
{
    private const int DefaultTop = 8;
    private readonly Argument<string> _file = new("file") { HelpName = "FILE", Description = $"Model file (GGUF), or {ShippedModel.Name}, the one that comes with the program." };
    private readonly Option<string> _ids = new("--ids") { HelpName = "1,2,3", Description = "Token ids to start from.", Required = true };
    private readonly Option<string> _steps = new("--steps") { HelpName = "N", Description = "Tokens to take greedily, one after the other; default 1." };
    private readonly Option<string> _top = new("--top") { HelpName = "K", Description = $"Tokens to tell per step; default {DefaultTop}." };
    private readonly Option<bool> _reference = new("--reference") { Description = "Use the plain reference pass: slow, single-threaded, four bytes a weight." };
    private readonly Option<string> _json = CommonOptions.Json();

    public ModelLogitsVerb()
        : base("logits", "The most probable next tokens after given ones, with log-probabilities.", $"model logits {ShippedModel.Name} --ids 1,299,968 --steps 4 --top 5 --json -")
    {
        Add(_file);
        Add(_ids);
        Add(_steps);
        Add(_top);
        Add(_reference);
        Add(_json);
    }

    public override IReadOnlyList<string> Notes { get; } = ["Logarithms are natural. No token is added in front: give the model's first token yourself where it wants one."];

    public override int Run(ParseResult parsed, Terminal terminal)
    {
        string? json = parsed.GetValue(_json);
        JsonOutput.Prepare(json, terminal);
        int[] ids = Ids(parsed.GetRequiredValue(_ids));
        int steps = Count(parsed, _steps, "--steps", 1);
        int top = Count(parsed, _top, "--top", DefaultTop);
        IReadOnlyList<LogitStep> taken = Probe(parsed.GetRequiredValue(_file), ids, steps, top, parsed.GetValue(_reference));
        if (json is not null) JsonOutput.Write(writer => WriteJson(taken, writer), json, terminal);
        WriteText(taken, terminal.Output);
        return ExitCode.Done;
    }

    private static IReadOnlyList<LogitStep> Probe(string path, int[] ids, int steps, int top, bool usesReference)
    {
        using GgufFile file = ModelVerbs.Open(path);
        // The sequence's own length chooses between short and long rotary factors, where a model has both.
        int length = (int)Math.Min(int.MaxValue, (long)ids.Length + steps);
        ModelConfig config = ModelConfig.Read(file, length);
        LogitProbe.Check(config, ids, steps);
        if (usesReference)
        {
            var reference = new ReferenceModel(file, length);
            return LogitProbe.Run((tokens, _) => reference.LastLogits(tokens), config, ids, steps, top);
        }
        using Transformer model = Transformer.Load(file, new TransformerOptions { ContextLength = length });
        using var session = new ModelSession(model, Math.Min(length, config.ContextLength));
        return LogitProbe.Run((tokens, added) => session.Append(tokens[^added..]), config, ids, steps, top);
    }

    private static int[] Ids(string text)
    {
        string[] parts = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        int[] ids = new int[parts.Length];
        for (int i = 0; i < ids.Length; i++)
        {
            if (!int.TryParse(parts[i], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out ids[i]))
                throw new InputException($"--ids: '{parts[i]}' is not a token id; write whole numbers with commas, such as --ids 1,2,3");
        }
        return ids;
    }

    private static int Count(ParseResult parsed, Option<string> option, string name, int otherwise)
    {
        if (parsed.GetValue(option) is not { } text) return otherwise;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value > 0
            ? value
            : throw new InputException($"{name}: '{text}' is not a whole number from 1 on; write for example {name} {otherwise}");
    }

    private static void WriteText(IReadOnlyList<LogitStep> steps, TextWriter output)
    {
        if (output == TextWriter.Null) return;
        var table = new TextTable(new("step"), new("token"), new("log-probability"), new("next best", IsNumber: false, Wraps: true));
        for (int i = 0; i < steps.Count; i++)
        {
            string others = string.Join(", ", steps[i].Top.Skip(1).Select(token => string.Create(CultureInfo.InvariantCulture, $"{token.Id} ({token.LogProbability:0.0000})")));
            table.Add(Whole(i + 1), Whole(steps[i].Id), steps[i].Top[0].LogProbability.ToString("0.0000", CultureInfo.InvariantCulture), others);
        }
        table.Write(output);
    }

    private static void WriteJson(IReadOnlyList<LogitStep> steps, Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("steps");
        foreach (LogitStep step in steps)
        {
            writer.WriteStartObject();
            writer.WriteNumber("id", step.Id);
            writer.WriteStartArray("top");
            foreach (TokenLogProbability token in step.Top)
            {
                writer.WriteStartArray();
                writer.WriteNumberValue(token.Id);
                writer.WriteNumberValue(token.LogProbability);
                writer.WriteEndArray();
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static string Whole(int value) => value.ToString(CultureInfo.InvariantCulture);
}
