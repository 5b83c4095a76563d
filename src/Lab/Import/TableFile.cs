namespace Orrery.Lab.Import;

/// <summary>A table on disk and what its place says: publishers name devices and models by folders.</summary>
/// <param name="Path">Where it lies, as shown in errors.</param>
/// <param name="Relative">Path below where the user pointed, with forward slashes.</param>
internal sealed record TableFile(string Path, string Relative)
{
    private readonly string[] _parts = System.IO.Path.GetFullPath(Path).Split(System.IO.Path.DirectorySeparatorChar);

    /// <summary>File name without <c>.csv</c>, <c>.csv.gz</c> or another ending.</summary>
    public string Stem
    {
        get
        {
            string name = _parts[^1];
            if (name.EndsWith(".gz", StringComparison.OrdinalIgnoreCase)) name = name[..^3];
            return System.IO.Path.GetFileNameWithoutExtension(name);
        }
    }

    /// <summary>Folder of the table below where the user pointed; the table itself where that was a file.</summary>
    public string Origin => Relative.Contains('/', StringComparison.Ordinal) ? Relative[..Relative.LastIndexOf('/')] : Relative;

    /// <summary>The folder that holds the table.</summary>
    public string Directory => System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path)) ?? "";

    /// <summary>Name of an enclosing folder: 1 for the one that holds the table; empty beyond the root.</summary>
    public string Folder(int levelsUp) => levelsUp < _parts.Length ? _parts[^(levelsUp + 1)] : "";
}
