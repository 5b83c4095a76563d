using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Orrery.Lab.Results;

/// <summary>JSON as people and scripts read it: indented, signs such as µ and ≤ as they are, a line feed at the end.</summary>
public static class JsonText
{
    /// <summary>The documents are files and pipes, never parts of a page, so that nothing need be escaped for HTML.</summary>
    private static readonly JsonWriterOptions Readable = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="write">Writes one document.</param>
    public static string Of(Action<Utf8JsonWriter> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes, Readable)) write(writer);
        bytes.WriteByte((byte)'\n');
        return Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
    }
}
