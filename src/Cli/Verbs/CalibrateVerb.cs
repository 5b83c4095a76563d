using System.CommandLine;
using System.Globalization;
using Orrery.Cli.Shell;
using Orrery.Cli.Tables;
using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Lab.Calibration;
using Orrery.Lab.Results;
using Orrery.World.Hardware;
using Orrery.World.Power;
using Orrery.World.Profiles;

namespace Orrery.Cli.Verbs;

/// <summary><c>calibrate TABLES…</c>: device profiles from published operator tables; <c>calibrate --requests</c>: from the log of a live server;
/// <c>calibrate --engine</c>: of the CPU engine on this machine.</summary>
internal sealed class CalibrateVerb : Verb
{
    private readonly Argument<string[]> _tables = new("tables") { Description = "Folders or files of published tables.", Arity = ArgumentArity.ZeroOrMore };
    private readonly Option<string?> _device = new("--device") { Description = "Only the profile of this device.", HelpName = "NAME" };
    private readonly Option<string?> _out = new("--out", "-o") { Description = "Folder for one YAML file per profile; with --requests the profile's file.", HelpName = "PATH" };
    private readonly Option<string?> _power = new("--power") { Description = "File for power profiles, where a table of power is among the tables.", HelpName = "FILE" };
    private readonly Option<string> _json = CommonOptions.Json();
    private readonly CalibrateRequests _requests = new();
    private readonly CalibrateEngine _engine = new();

    public CalibrateVerb()
        : base("calibrate", "Fit device profiles to published tables, or one to this machine or to the requests of a live server.",
            "calibrate --engine model.gguf --out my-machine", "calibrate tables/ --out profiles", "calibrate tables/profiles-vidur --device a100-sxm-80gb",
            "calibrate --requests requests.csv --scenario server.yaml --prometheus metrics.txt --out server-profile.yaml")
    {
        Add(_tables);
        Add(_device);
        Add(_out);
        Add(_power);
        Add(_json);
        _requests.AddTo(this);
        _engine.AddTo(this);
    }

    public override IReadOnlyList<string> Notes =>
    [
        "Without --device each device of the tables gets a profile, and with several devices there is one for devices that nobody measured.",
        "With --engine whole steps of the CPU engine are timed; profile.yaml, device.yaml and a scenario.yaml that uses both go to --out.",
        "A log is a requests.csv with arrival_seconds, first_token_seconds, finish_seconds, prompt_tokens and output_tokens; its first half is fitted, its second half judges the fit.",
    ];

    public override int Run(ParseResult parsed, Terminal terminal)
    {
        string? json = parsed.GetValue(_json);
        string[] tables = parsed.GetValue(_tables) ?? [];
        JsonOutput.Prepare(json, terminal);
        if (_engine.IsAsked(parsed))
        {
            if (tables.Length > 0) throw new InputException($"calibrate: '{tables[0]}' is a table and --engine measures this machine; calibrate on one of them");
            if (_requests.IsAsked(parsed) || parsed.GetValue(_device) is not null || parsed.GetValue(_power) is not null)
                throw new InputException("--engine: it measures this machine; leave --requests, --scenario, --prometheus, --set, --device and --power out");
            return _engine.Run(parsed, parsed.GetValue(_out), json, terminal);
        }
        if (_requests.IsAsked(parsed))
        {
            if (tables.Length > 0) throw new InputException($"calibrate: '{tables[0]}' is a table and --requests a log; calibrate on one of them");
            if (parsed.GetValue(_device) is not null || parsed.GetValue(_power) is not null) throw new InputException("--requests: the scenario names the device; leave --device and --power out");
            return _requests.Run(parsed, parsed.GetValue(_out), json, terminal);
        }
        if (tables.Length == 0) throw new InputException("orrery calibrate needs TABLES, or --engine MODEL, or --requests FILE with --scenario FILE; see 'orrery calibrate --help'");
        string? folder = parsed.GetValue(_out);
        if (folder is not null && File.Exists(folder)) throw new InputException($"--out {folder}: this is a file; name a folder");
        terminal.WatchInterrupt("nothing was written");
        Calibrated calibrated = Fit(tables, parsed.GetValue(_device), terminal.Interrupted);
        string? power = parsed.GetValue(_power);
        if (power is not null && calibrated.Power.Count == 0) throw new InputException("--power: there is no table of measured power among the tables");
        Print(calibrated, terminal.Output);
        Write(calibrated, folder, power, terminal.Output);
        if (json is not null) JsonOutput.Write(writer => CalibrationJson.Write(calibrated, writer), json, terminal);
        foreach (string warning in calibrated.Warnings) terminal.Error.WriteLine($"warning: {warning}");
        return ExitCode.Done;
    }

    private static Calibrated Fit(IReadOnlyList<string> tables, string? name, CancellationToken cancel)
    {
        List<string> warnings = [];
        TableFolders found = TableFolders.Read(tables, warnings);
        warnings.AddRange(found.Sets.SelectMany(set => set.PlacedWarnings));
        if (found.Passed.Count > 0) warnings.Add($"no operator tables in {string.Join(", ", found.Passed)}; passed over");
        IReadOnlyList<CalibrationSource> sources = ProfileCalibration.Sources(found.Sets, warnings);
        string[] devices = [.. sources.Select(source => source.Device.Name).Distinct().Order(StringComparer.Ordinal)];
        if (devices.Length == 0 && found.Power.Count == 0) throw new InputException("no table is of a device of the catalogue; `orrery catalog devices` lists them");
        if (name is not null && devices.Length == 0) throw new InputException($"--device: there are tables of power here and none of operators, so no profile of '{name}' can be fitted");
        if (name is not null && !devices.Contains(name)) throw new InputException($"--device: there are no tables of '{name}'{Names.Suggest(name, devices)}");
        List<DeviceProfile> profiles = [];
        foreach (string device in name is null ? devices : [name])
        {
            cancel.ThrowIfCancellationRequested();
            profiles.Add(ProfileCalibration.Device(DeviceOf(sources, device), sources));
        }
        if (name is null && devices.Length > 1) profiles.Add(ProfileCalibration.Transfer(sources));
        // A device whose tables hold a kind or two at most says nothing about steps.
        profiles.RemoveAll(profile => profile.Matrices is null && profile.Decode is null && profile.Collectives is null);
        cancel.ThrowIfCancellationRequested();
        return new(profiles, name is null ? PowerCalibration.Fit(found.Power) : [], warnings);
    }

    private static DeviceSpec DeviceOf(IReadOnlyList<CalibrationSource> sources, string name) => sources.First(source => source.Device.Name == name).Device;

    private static void Print(Calibrated calibrated, TextWriter output)
    {
        TextTable table = new(
            new("profile", IsNumber: false), new("operators", IsNumber: false), new("samples"), new("fit %"), new("left out %"), new("other devices %"), new("spread %"));
        foreach (DeviceProfile profile in calibrated.Profiles)
        {
            foreach ((ProfileFamily family, FamilyErrors errors) in profile.Errors.OrderBy(pair => pair.Key))
            {
                FitError any = (errors.Fit ?? errors.LeftOut ?? errors.Transfer)!;
                table.Add(
                    profile.Name, ChoiceNames.Of(family), any.Samples.ToString(CultureInfo.InvariantCulture),
                    Percent(errors.Fit), Percent(errors.LeftOut), Percent(errors.Transfer), Share(errors.Spread));
            }
        }
        if (table.Rows > 0) table.Write(output);
        if (calibrated.Power.Count == 0) return;
        if (table.Rows > 0) output.WriteLine();
        TextTable power = new(new("power of", IsNumber: false), new("settings"), new("fit %"), new("left out %"));
        foreach (PowerProfile profile in calibrated.Power)
            power.Add(profile.Device, profile.Rows.ToString(CultureInfo.InvariantCulture), Share(profile.FitError), Share(profile.LeftOutError));
        power.Write(output);
    }

    private static void Write(Calibrated calibrated, string? folder, string? power, TextWriter output)
    {
        if (folder is not null)
        {
            foreach (DeviceProfile profile in calibrated.Profiles)
                Save(Path.Combine(folder, profile.Name + ".yaml"), YamlText.Write(profile.Write(), "Made by `orrery calibrate`; times over ideal times, in hundredths of an octave."), output);
        }
        if (power is not null) Save(power, PowerCalibration.Write(calibrated.Power), output);
    }

    /// <summary>Writes a whole file and says how large it is.</summary>
    internal static void Save(string path, string text, TextWriter output)
    {
        OutputFile.WriteAllText(path, text);
        output.WriteLine($"{path}: {(text.Length + 1023) / 1024} KiB");
    }

    private static string Percent(FitError? error) => error is null ? "-" : Share(error.TimeWeightedMape);

    private static string Share(double share) => (100 * share).ToString("0.0", CultureInfo.InvariantCulture);
}

/// <summary>What <c>calibrate TABLES…</c> made.</summary>
/// <param name="Profiles">By name, the transfer last.</param>
/// <param name="Power">Likewise.</param>
/// <param name="Warnings">What looked wrong.</param>
internal sealed record Calibrated(IReadOnlyList<DeviceProfile> Profiles, IReadOnlyList<PowerProfile> Power, IReadOnlyList<string> Warnings);
