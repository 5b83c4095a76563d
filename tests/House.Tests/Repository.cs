using System.Runtime.CompilerServices;

namespace Orrery.House.Tests;

/// <summary>The checked-out tree that the house tests read.</summary>
internal static class Repository
{
    /// <summary>Folder of the solution, found from this source file's own place.</summary>
    public static string Root { get; } = FindRoot();

    public static string At(params string[] parts) => Path.Combine([Root, .. parts]);

    public static string Read(string relative) => File.ReadAllText(At(relative));

    /// <summary>Files below a folder without build outputs, relative to the root, with forward slashes, in order.</summary>
    public static IReadOnlyList<string> Files(string folder, string pattern)
    {
        string start = At(folder);
        if (!Directory.Exists(start)) return [];
        return
        [
            .. Directory.EnumerateFiles(start, pattern, SearchOption.AllDirectories)
                .Select(path => Path.GetRelativePath(Root, path).Replace('\\', '/'))
                .Where(path => !path.Split('/').Any(part => part is "bin" or "obj" or "node_modules" or "artifacts" or "out" or ".git"))
                .Order(StringComparer.Ordinal),
        ];
    }

    /// <summary>Every text that people read or machines run, this test project apart where it must name what it forbids.</summary>
    public static IEnumerable<string> Texts() =>
        new[] { "src", "tests", "catalog", "scenarios", "schema", "docs", "eng", "web", "bench", ".ci" }
            .SelectMany(folder => Files(folder, "*"))
            .Concat(Directory.EnumerateFiles(Root).Select(path => Path.GetFileName(path)))
            .Where(path => Path.GetExtension(path) is ".cs" or ".csproj" or ".props" or ".targets" or ".yaml" or ".yml" or ".md" or ".sh" or ".cmd" or ".ts" or ".mjs" or ".js" or ".css" or ".html" or "");

    private static string FindRoot([CallerFilePath] string here = "")
    {
        for (string? folder = Path.GetDirectoryName(here); folder is not null; folder = Path.GetDirectoryName(folder))
            if (File.Exists(Path.Combine(folder, "Orrery.slnx"))) return folder;
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
            if (File.Exists(Path.Combine(folder, "Orrery.slnx"))) return folder;
        throw new InvalidOperationException("the house tests run inside the repository; no Orrery.slnx was found above them");
    }
}
