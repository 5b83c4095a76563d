using System.IO.Compression;
using System.Text;
using Orrery.Lab.Import;
using Orrery.World.Measurements;

namespace Orrery.Lab.Tests.Import;

/// <summary>A folder of tiny tables that goes away with the test.</summary>
internal sealed class ImportFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("orrery-import-").FullName;

    /// <summary>Writes a file below the folder, gzipped where its name says so, and returns where it lies.</summary>
    public string Write(string relative, params string[] lines)
    {
        string file = System.IO.Path.Combine([Path, .. relative.Split('/')]);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(file)!);
        byte[] text = Encoding.UTF8.GetBytes(string.Join('\n', lines) + "\n");
        if (!relative.EndsWith(".gz", StringComparison.Ordinal))
        {
            File.WriteAllBytes(file, text);
            return file;
        }
        using GZipStream zip = new(File.Create(file), CompressionLevel.Fastest);
        zip.Write(text);
        return file;
    }

    public IReadOnlyList<MeasurementSet> Read() => MeasurementImport.Read(Path);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
