using Orrery.Kernel;
using Orrery.Traffic.Readers;
using Orrery.World.Measurements;

namespace Orrery.Lab.Import;

/// <summary>How one published table is recognised and read.</summary>
/// <param name="What">What it is, for the list of formats in errors.</param>
/// <param name="Columns">Columns that together tell it from every other format.</param>
/// <param name="Read">Puts its rows into the session's sets.</param>
internal sealed record TableFormat(string What, IReadOnlyList<string> Columns, Action<TableFile, CsvReader, ImportSession> Read)
{
    public bool Fits(CsvReader csv) => Columns.All(column => csv.Find(column) >= 0);
}

/// <summary>
/// Published tables of measured operator times, in the form of <see cref="MeasurementSet"/>. Formats are told apart by their columns,
/// devices and models by columns and folders, never by a list of those that we happen to know.
/// </summary>
public static class MeasurementImport
{
    /// <summary>Deeper folders are a loop of links.</summary>
    private const int DeepestFolder = 16;

    private static readonly TableFormat[] Formats =
    [
        .. AiconfiguratorTables.Formats,
        .. LayerTables.Formats,
        .. VidurTables.Formats,
        .. FrontierTables.Formats,
        .. EarlyLayerTables.Formats,
        .. PhaseTables.Formats,
        .. CollectiveTables.Formats,
    ];

    /// <summary>Reads every table at a path: one file, or a folder of any depth. Other files are passed over.</summary>
    /// <returns>Sets in the ordinal order of their first files; what looked wrong stands in their warnings.</returns>
    /// <exception cref="InputException">There is nothing to import, or a table is malformed: the sentence names file, line and column.</exception>
    public static IReadOnlyList<MeasurementSet> Read(string path)
    {
        if (Find(path) is { } sets) return sets;
        string known = string.Join("; ", Formats.Select(format => format.What).Distinct());
        throw new InputException($"{path}: no table of measured times is here; known are CSV files, plain or .gz, of {known}");
    }

    /// <summary>The same; null where there is nothing to import.</summary>
    /// <param name="leftOut">Takes a sentence for each malformed table, which is then left out whole; null: the first one is an error.</param>
    /// <exception cref="InputException">A table is malformed: the sentence names file, line and column.</exception>
    public static IReadOnlyList<MeasurementSet>? Find(string path, ICollection<string>? leftOut = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        List<TableFile> files = [.. Files(path)];
        while (true)
        {
            ImportSession session = new();
            bool any = false;
            TableFile? malformed = null;
            foreach (TableFile file in files)
            {
                try
                {
                    any |= Import(file, session);
                }
                catch (InputException mistake) when (leftOut is not null)
                {
                    leftOut.Add($"{mistake.Message}; this table is left out");
                    malformed = file;
                    break;
                }
            }
            if (malformed is null) return any ? session.Build() : null;
            // Rows before the malformed one are in the session already, so it starts again without that table.
            files.Remove(malformed);
        }
    }

    private static bool Import(TableFile file, ImportSession session)
    {
        if (file.Path.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase))
        {
            SystemSheets.Check(file, session);
            return false;
        }
        using CsvReader csv = CsvReader.Open(file.Path);
        TableFormat? format = Array.Find(Formats, candidate => candidate.Fits(csv));
        format?.Read(file, csv, session);
        return format is not null;
    }

    private static IEnumerable<TableFile> Files(string path)
    {
        if (!Directory.Exists(path)) return [new(path, Path.GetFileName(path))];
        EnumerationOptions options = new() { RecurseSubdirectories = true, MaxRecursionDepth = DeepestFolder, AttributesToSkip = FileAttributes.None };
        return Directory.EnumerateFiles(path, "*", options)
            .Where(IsCandidate)
            .Select(file => new TableFile(file, Path.GetRelativePath(path, file).Replace(Path.DirectorySeparatorChar, '/')))
            .OrderBy(file => file.Relative, StringComparer.Ordinal);
    }

    private static bool IsCandidate(string file) =>
        file.EndsWith(".csv", StringComparison.OrdinalIgnoreCase) || file.EndsWith(".csv.gz", StringComparison.OrdinalIgnoreCase)
        || (file.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase) && Path.GetFileName(Path.GetDirectoryName(file)) == "systems");
}
