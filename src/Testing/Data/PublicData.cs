namespace Orrery.Testing.Data;

/// <summary>Where public measurements and traces lie on this machine, if they do: tests that compare with them are skipped elsewhere.</summary>
public static class PublicData
{
    /// <summary>The variable ORRERY_DATA, or a folder <c>shared/data</c> beside one of the folders above the test; null when there is none.</summary>
    public static string? Folder
    {
        get
        {
            if (Environment.GetEnvironmentVariable("ORRERY_DATA") is { Length: > 0 } named) return named;
            for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            {
                string candidate = Path.Combine(folder.FullName, "shared", "data");
                if (Directory.Exists(candidate)) return candidate;
            }
            return null;
        }
    }

    /// <summary>A file or folder below it, or null when it is not there.</summary>
    public static string? Find(params ReadOnlySpan<string> parts)
    {
        if (Folder is not { } folder) return null;
        string path = Path.Combine([folder, .. parts]);
        return Path.Exists(path) ? path : null;
    }
}
