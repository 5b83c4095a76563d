using System.CommandLine;
using System.Globalization;
using Orrery.Cli.Shell;
using Orrery.Cli.Tables;
using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Lab.Calibration;
using Orrery.Lab.Import;
using Orrery.Lab.Results;
using Orrery.World.Hardware;
using Orrery.World.Profiles;

namespace Orrery.Cli.Verbs;

/// <summary><c>calibrate TABLES…</c>: device profiles from published operator tables.</summary>
internal sealed class CalibrateVerb : Verb
{
    private readonly Argument<string[]> _tables = new("tables") { Description = "Folders or files of published operator tables.", Arity = ArgumentArity.OneOrMore };
    private readonly Option<string?> _device = new("--device") { Description = "Only the profile of this device.", HelpName = "NAME" };
    private readonly Option<string?> _out = new("--out") { Description = "Folder for one YAML file per profile.", HelpName = "DIR" };

    public CalibrateVerb()
        : base("calibrate", "Fit device profiles to published tables, and one for devices that were not measured.",
            "calibrate tables/ --out profiles", "calibrate tables/profiles-vidur --device a100-sxm-80gb")
    {
        Add(_tables);
        Add(_device);
        Add(_out);
    }

    public override int Run(ParseResult parsed, Terminal terminal)
    {
        List<string> warnings = [];
        var sets = parsed.GetRequiredValue(_tables).SelectMany(MeasurementImport.Read).ToList();
        warnings.AddRange(sets.SelectMany(set => set.Warnings.Select(warning => $"{set.Origin}: {warning}")));
        IReadOnlyList<CalibrationSource> sources = ProfileCalibration.Sources(sets, warnings);
        string[] devices = [.. sources.Select(source => source.Device.Name).Distinct().Order(StringComparer.Ordinal)];
        if (devices.Length == 0) throw new InputException("no table is of a device of the catalogue; `orrery catalog devices` lists them");
        List<DeviceProfile> profiles = [];
        if (parsed.GetValue(_device) is { } name)
        {
            if (!devices.Contains(name)) throw new InputException($"--device: there are no tables of '{name}'{Names.Suggest(name, devices)}");
            profiles.Add(ProfileCalibration.Device(DeviceOf(sources, name), sources));
        }
        else
        {
            foreach (string device in devices) profiles.Add(ProfileCalibration.Device(DeviceOf(sources, device), sources));
            if (devices.Length > 1) profiles.Add(ProfileCalibration.Transfer(sources));
        }
        // A device whose tables hold a kind or two at most says nothing about steps.
        profiles.RemoveAll(profile => profile.Matrices is null && profile.Decode is null && profile.Collectives is null);
        Print(profiles, parsed.GetValue(_out), terminal.Output);
        foreach (string warning in warnings) terminal.Error.WriteLine($"warning: {warning}");
        return ExitCode.Done;
    }

    private static DeviceSpec DeviceOf(IReadOnlyList<CalibrationSource> sources, string name) => sources.First(source => source.Device.Name == name).Device;

    private static void Print(IReadOnlyList<DeviceProfile> profiles, string? folder, TextWriter output)
    {
        TextTable table = new(
            new("profile", IsNumber: false), new("operators", IsNumber: false), new("samples"), new("fit %"), new("left out %"), new("other devices %"), new("spread %"));
        foreach (DeviceProfile profile in profiles)
        {
            foreach ((ProfileFamily family, FamilyErrors errors) in profile.Errors.OrderBy(pair => pair.Key))
            {
                FitError any = (errors.Fit ?? errors.LeftOut ?? errors.Transfer)!;
                table.Add(
                    profile.Name, ChoiceNames.Of(family), any.Samples.ToString(CultureInfo.InvariantCulture),
                    Percent(errors.Fit), Percent(errors.LeftOut), Percent(errors.Transfer), Share(errors.Spread));
            }
        }
        table.Write(output);
        if (folder is null) return;
        foreach (DeviceProfile profile in profiles)
        {
            string path = Path.Combine(folder, profile.Name + ".yaml");
            string text = YamlText.Write(profile.Write(), "Made by `orrery calibrate`; times over ideal times, in hundredths of an octave.");
            OutputFile.WriteAllText(path, text);
            output.WriteLine($"{path}: {(text.Length + 1023) / 1024} KiB");
        }
    }

    private static string Percent(FitError? error) => error is null ? "-" : Share(error.TimeWeightedMape);

    private static string Share(double share) => (100 * share).ToString("0.0", CultureInfo.InvariantCulture);
}
