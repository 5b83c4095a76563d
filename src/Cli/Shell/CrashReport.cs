using System.Globalization;
using System.Runtime.InteropServices;

namespace Orrery.Cli.Shell;

/// <summary>What we need to mend a mistake of ours, in a file that the user can send.</summary>
internal static class CrashReport
{
    /// <returns>Path of the report.</returns>
    public static string Write(IReadOnlyList<string> args, Exception bug)
    {
        string path = Path.Combine(Path.GetTempPath(), string.Create(CultureInfo.InvariantCulture, $"orrery-crash-{Environment.ProcessId}.txt"));
        string version = typeof(CrashReport).Assembly.GetName().Version?.ToString(3) ?? "unknown";
        File.WriteAllText(path, $"""
            orrery {version} on {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}, {Environment.ProcessorCount} cores
            command: orrery {string.Join(' ', args)}

            {bug}

            """);
        return path;
    }
}
