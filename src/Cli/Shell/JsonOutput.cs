using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Kernel;
using Orrery.Lab.Runs.Output;

namespace Orrery.Cli.Shell;

/// <summary>Writes <c>--json FILE|-</c>. A file appears whole or not at all.</summary>
internal static class JsonOutput
{
    /// <summary>Signs such as µ and ≤ stay readable; the documents are never put into HTML.</summary>
    private static readonly JsonWriterOptions Readable = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

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
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes, Readable)) write(writer);
        bytes.WriteByte((byte)'\n');
        if (target == "-")
        {
            terminal.ClaimData().Write(Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length));
            return;
        }
        OutputFile.WriteAllBytes(target, bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
    }
}
