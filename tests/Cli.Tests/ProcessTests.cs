using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Orrery.Cli.Tests;

/// <summary>What only a process of its own can show: exit codes, streams, signals.</summary>
public sealed class ProcessTests : IDisposable
{
    private const int LongestWaitMilliseconds = 120_000;
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Exit_codes_reach_the_shell()
    {
        Assert.Equal(0, Run("--version").ExitCode);
        Assert.Equal(2, Run("simulate", _folder.At("none.yaml")).ExitCode);
    }

    [Fact]
    public void Standard_output_carries_the_document_alone()
    {
        File.WriteAllText(_folder.At("s.yaml"), BadInput.Scenario);
        CliResult result = Run("simulate", _folder.At("s.yaml"), "--json", "-");
        using JsonDocument document = JsonDocument.Parse(result.Output);
        Assert.Equal("orrery.run/1", document.RootElement.GetProperty("schema").GetString());
        Assert.Equal("", result.Error);
    }

    [Fact]
    public void Interrupt_keeps_what_was_reached()
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("signals of this kind do not exist on Windows");
        // Far longer than anybody waits, so that the signal always comes in time.
        File.WriteAllText(_folder.At("s.yaml"), BadInput.Scenario.Replace("requests: 5", "requests: 500000000", StringComparison.Ordinal));
        string folder = _folder.At("out");
        using Process process = Start("simulate", _folder.At("s.yaml"), "--out", folder, "--no-fast-forward");
        // Rows appear in the file (under its unfinished name) once some thousand requests have left.
        SpinWait.SpinUntil(
            () => process.HasExited || (Directory.Exists(folder) && new DirectoryInfo(folder).EnumerateFiles("requests.csv*").Any(rows => rows.Length > 0)),
            LongestWaitMilliseconds);
        Assert.False(process.HasExited);
        Assert.Equal(0, Kill(process.Id, InterruptSignal));
        string output = process.StandardOutput.ReadToEnd();
        Assert.True(process.WaitForExit(LongestWaitMilliseconds));
        Assert.Equal(130, process.ExitCode);
        Assert.Contains("PARTIAL", output, StringComparison.Ordinal);
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "result.json")));
        Assert.True(document.RootElement.GetProperty("partial").GetBoolean());
        Assert.True(document.RootElement.GetProperty("requests").GetProperty("finished").GetInt64() > 0);
    }

    private static CliResult Run(params string[] args)
    {
        using Process process = Start(args);
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        Assert.True(process.WaitForExit(LongestWaitMilliseconds));
        return new(process.ExitCode, output, error.GetAwaiter().GetResult());
    }

    private static Process Start(params string[] args)
    {
        // The program lies beside its tests.
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "orrery.dll"), .. args])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        return Process.Start(start)!;
    }

    private const int InterruptSignal = 2;

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int processId, int signal);
}
