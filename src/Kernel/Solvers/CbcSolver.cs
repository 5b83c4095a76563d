using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using Orrery.Kernel.Time;

namespace Orrery.Kernel.Solvers;

/// <summary>
/// COIN-OR CBC as a program of its own (Debian package <c>coinor-cbc</c>): the programme goes to it as a file, the solution comes back as one.
/// </summary>
/// <param name="executable">Path of the program, or its name on the search path.</param>
public sealed class CbcSolver(string executable = CbcSolver.Executable) : IIntegerSolver
{
    /// <summary>Its name on the search path.</summary>
    public const string Executable = "cbc";

    /// <summary>The longest limit that it takes.</summary>
    public static readonly Duration MostTime = Duration.FromHours(7 * 24);

    // The program checks its limit between nodes of its tree; this long after it, it hangs.
    private const double GraceSeconds = 30;

    public string Name => "cbc";

    public string? Absence =>
        IsFound() ? null : $"the integer solver '{executable}' is not installed: install it (Debian: coinor-cbc) or write `solver: heuristic`";

    public IntegerSolution Solve(IntegerProgramme programme, SolverLimits limits, ReadOnlyMemory<double> start = default, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(programme);
        ArgumentNullException.ThrowIfNull(limits);
        if (limits.Time > MostTime) throw new InputException($"'{executable}' takes a limit of at most {MostTime}, not {limits.Time}; give a shorter time");
        if (Absence is { } absence) throw new InputException(absence);
        DirectoryInfo folder = Directory.CreateTempSubdirectory("orrery-cbc-");
        try
        {
            string model = Path.Combine(folder.FullName, "programme.mps");
            string answer = Path.Combine(folder.FullName, "solution.txt");
            using (StreamWriter writer = new(model)) MpsWriter.Write(programme, writer);
            List<string> arguments =
            [
                model, "-timeMode", "elapsed", "-seconds", Text(Math.Max(0.1, limits.Time.Seconds)), "-ratioGap", Text(limits.RelativeGap),
            ];
            if (!start.IsEmpty)
            {
                string begin = Path.Combine(folder.FullName, "start.txt");
                WriteStart(programme, start.Span, begin);
                arguments.AddRange(["-mipstart", begin]);
            }
            arguments.AddRange(["-solve", "-printingOptions", "all", "-solution", answer, "-quit"]);
            string said = Run(arguments, limits, cancel);
            if (!File.Exists(answer)) throw new InputException($"'{executable}' did not solve the programme: {LastLine(said)}");
            return Read(programme, File.ReadAllLines(answer));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Reads a solution file: a line with the outcome, then <c>index name value reduced-cost</c> for every variable.</summary>
    /// <exception cref="InputException">The file is not one.</exception>
    public static IntegerSolution Read(IntegerProgramme programme, IReadOnlyList<string> lines)
    {
        string outcome = lines.Count > 0 ? lines[0] : "";
        if (outcome.Contains("nbounded", StringComparison.Ordinal)) return new IntegerSolution(SolverStatus.Unbounded, double.NaN, []);
        if (outcome.Contains("nfeasible", StringComparison.Ordinal)) return new IntegerSolution(SolverStatus.Infeasible, double.NaN, []);
        bool optimal = outcome.StartsWith("Optimal", StringComparison.Ordinal);
        if (!optimal && !outcome.StartsWith("Stopped", StringComparison.Ordinal))
            throw new InputException($"the solver's answer begins with '{outcome}', which is no outcome that CBC 2 writes; use CBC 2.8 or later");
        if (outcome.Contains("no integer solution", StringComparison.Ordinal)) return new IntegerSolution(SolverStatus.Unknown, double.NaN, []);
        double[] values = new double[programme.Variables.Count];
        foreach (string line in lines.Skip(1))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            // Two stars mark a value outside its bounds by more than the solver's tolerance.
            int name = words.Length > 0 && words[0] == "**" ? 2 : 1;
            if (words.Length <= name + 1 || words[name][0] != 'x') continue;
            int index = int.Parse(words[name].AsSpan(1), CultureInfo.InvariantCulture);
            double value = double.Parse(words[name + 1], CultureInfo.InvariantCulture);
            values[index] = programme.Variables[index].IsInteger ? Math.Round(value) : value;
        }
        return new IntegerSolution(optimal ? SolverStatus.Optimal : SolverStatus.Feasible, programme.Objective(values), values);
    }

    private static void WriteStart(IntegerProgramme programme, ReadOnlySpan<double> start, string path)
    {
        using StreamWriter writer = new(path);
        writer.WriteLine("Stopped on iterations - objective value 0");
        for (int i = 0; i < programme.Variables.Count; i++) writer.WriteLine($"{i} x{i} {Text(start[i])} 0");
    }

    private static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static string LastLine(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault() ?? "it said nothing";

    private string Run(List<string> arguments, SolverLimits limits, CancellationToken cancel)
    {
        ProcessStartInfo info = new(executable, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        using Process process = Start(info);
        try
        {
            Task<string> errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
            Task<string> output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
            using CancellationTokenRegistration end = cancel.Register(() => Kill(process));
            if (!process.WaitForExit(TimeSpan.FromSeconds(limits.Time.Seconds + GraceSeconds)))
                throw new InputException($"'{executable}' went on {GraceSeconds} s after its limit of {limits.Time}; it was ended");
            process.WaitForExit();
            cancel.ThrowIfCancellationRequested();
            return output.Result + errors.Result;
        }
        finally
        {
            Kill(process);
        }
    }

    private Process Start(ProcessStartInfo info)
    {
        try
        {
            return Process.Start(info) ?? throw new InputException($"'{executable}' could not be started");
        }
        catch (Win32Exception error)
        {
            throw new InputException($"'{executable}' could not be started ({error.Message}): install the integer solver anew (Debian: coinor-cbc) or write `solver: heuristic`");
        }
    }

    private static void Kill(Process process)
    {
        try
        {
            // With what it started: a program of this name may be a script around the solver.
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
        catch (Exception error) when (error is InvalidOperationException or Win32Exception)
        {
            // It had ended by itself.
            return;
        }
    }

    private bool IsFound()
    {
        if (Path.IsPathRooted(executable)) return IsProgram(executable);
        string[] folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return folders.Any(folder => IsProgram(Path.Combine(folder, executable)) || IsProgram(Path.Combine(folder, executable + ".exe")));
    }

    private static bool IsProgram(string path) => File.Exists(path)
        && (OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != 0);
}
