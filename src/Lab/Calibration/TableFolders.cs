using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Lab.Import;
using Orrery.World.Measurements;

namespace Orrery.Lab.Calibration;

/// <summary>What a user points at: tables, folders of one publisher, or a data folder that holds many, with others that have nothing to import.</summary>
/// <param name="Sets">Imported operator tables.</param>
/// <param name="Power">Measured power of served models.</param>
/// <param name="Passed">Folders without tables, by name.</param>
public sealed record TableFolders(IReadOnlyList<MeasurementSet> Sets, IReadOnlyList<PowerRow> Power, IReadOnlyList<string> Passed)
{
    private const string Readme = "README.md";

    /// <param name="paths">Files and folders.</param>
    /// <param name="warnings">Takes what looked wrong in tables.</param>
    /// <exception cref="InputException">A path does not exist or has nothing to import, or a table is malformed.</exception>
    public static TableFolders Read(IReadOnlyList<string> paths, ICollection<string> warnings)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentNullException.ThrowIfNull(warnings);
        List<MeasurementSet> sets = [];
        List<PowerRow> power = [];
        List<string> passed = [];
        foreach (string path in paths)
        {
            if (!File.Exists(path) && !Directory.Exists(path)) throw new InputException($"{path}: there is neither a file nor a folder of this name");
            foreach (string part in Parts(path))
            {
                IReadOnlyList<PowerRow> rows = [.. PowerTables(part).SelectMany(table => PowerTable.Read(table, warnings.Add))];
                IReadOnlyList<MeasurementSet>? found = rows.Count > 0 && File.Exists(part) ? [] : MeasurementImport.Find(part);
                power.AddRange(rows);
                sets.AddRange(found ?? []);
                if (found is not null || rows.Count > 0) continue;
                // A folder among others is passed over; one that was named alone is a mistake, which the importer explains.
                if (part == path) MeasurementImport.Read(path);
                passed.Add(Path.GetFileName(part));
            }
        }
        if (sets.Count == 0 && power.Count == 0) throw new InputException($"{paths[0]}: no folder in it has a table of measured times");
        return new(sets, power, passed);
    }

    /// <summary>A folder of folders that each say where they come from is a data folder: each is imported as if it were named.</summary>
    private static IEnumerable<string> Parts(string path)
    {
        if (!Directory.Exists(path) || File.Exists(Path.Combine(path, Readme))) return [path];
        string[] parts = [.. Directory.EnumerateDirectories(path).Order(StringComparer.Ordinal)];
        return parts.Any(part => File.Exists(Path.Combine(part, Readme))) ? parts : [path];
    }

    private static IEnumerable<string> PowerTables(string path)
    {
        IEnumerable<string> files = Directory.Exists(path) ? Directory.EnumerateFiles(path, "*.csv").Order(StringComparer.Ordinal) : [path];
        return files.Where(IsPower);
    }

    private static bool IsPower(string file)
    {
        using StreamReader reader = InputFile.OpenText(file);
        return reader.ReadLine() is { } header && PowerTable.Recognises(header);
    }
}
