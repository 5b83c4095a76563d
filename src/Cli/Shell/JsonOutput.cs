using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Kernel;
using Orrery.Lab.Results;

namespace Orrery.Cli.Shell;

/// <summary>Writes <c>--json FILE|-</c>. A file appears whole or not at all.</summary>
internal static class JsonOutput
{
    /// <summary>Called before the work, so that a wrong folder costs no simulation; with <c>-</c> standard output becomes data only.</summary>
    /// <exception cref="InputException">The folder of the file does not exist.</exception>
    public static void Prepare(string? target, Terminal terminal)
    {
        if (target is null) return;
        if (target == "-")
        {
            terminal.ClaimData();
            return;
        }
        if (target.StartsWith('-')) throw new InputException($"--json: FILE or '-' is missing before the flag '{target}'; write for example --json -, or ./{target} for a file of that name");
        if (target.Length == 0) throw new InputException("--json: the name of the file is empty; name a file, or - for standard output");
        string? folder = Path.GetDirectoryName(Path.GetFullPath(target));
        if (Directory.Exists(target)) throw new InputException($"--json {target}: this is a folder; name a file in it, such as {Path.Combine(target, "result.json")}");
        if (folder is not null && !Directory.Exists(folder)) throw new InputException($"--json {target}: the folder {folder} does not exist; make it first");
    }

    public static void Write(JsonNode document, string target, Terminal terminal) =>
        Write(writer => document.WriteTo(writer), target, terminal);

    /// <param name="write">Writes the document.</param>
    /// <param name="target">A file, or <c>-</c>.</param>
    /// <param name="terminal">Its data stream takes <c>-</c>.</param>
    public static void Write(Action<Utf8JsonWriter> write, string target, Terminal terminal)
    {
        Prepare(target, terminal);
        string text = JsonText.Of(write);
        if (target == "-") terminal.ClaimData().Write(text);
        else OutputFile.WriteAllText(target, text);
    }
}
