using System.IO.Compression;
using System.Text;

namespace Orrery.Documents.Tests;

/// <summary>A directory of its own for one test, gone afterwards.</summary>
internal sealed class TempFolder : IDisposable
{
    public string Root { get; } = Directory.CreateTempSubdirectory("orrery-documents-").FullName;

    public string this[string name] => Path.Combine(Root, name);

    public string Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(this[name])!);
        File.WriteAllText(this[name], text);
        return this[name];
    }

    public string WriteGzip(string name, string text)
    {
        using var gzip = new GZipStream(File.Create(this[name]), CompressionLevel.Fastest);
        gzip.Write(Encoding.UTF8.GetBytes(text));
        return this[name];
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
