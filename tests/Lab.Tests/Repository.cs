namespace Orrery.Lab.Tests;

/// <summary>Files beside the code.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    public static IEnumerable<string> Scenarios => Directory.EnumerateFiles(Path.Combine(Root, "scenarios"), "*.yaml").Order(StringComparer.Ordinal);

    private static string Find()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Orrery.slnx"))) folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("the tests do not run inside the repository");
    }
}
