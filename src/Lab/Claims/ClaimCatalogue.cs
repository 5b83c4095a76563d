using System.Reflection;
using System.Text;
using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Operations.Systems;
using Orrery.Serving.Systems;

namespace Orrery.Lab.Claims;

/// <summary>The claims that travel with the program: one file in the folder of each system, and the published studies of several.</summary>
public static class ClaimCatalogue
{
    private const string Suffix = "claims.yaml";

    private static readonly Assembly[] Wings = [typeof(Schedulers).Assembly, typeof(OperationsExperiments).Assembly, typeof(ClaimCatalogue).Assembly];

    /// <summary>All files, by the name of their system.</summary>
    public static IReadOnlyList<ClaimFile> All()
    {
        var files = new List<ClaimFile>();
        foreach (Assembly wing in Wings)
        {
            foreach (string resource in wing.GetManifestResourceNames())
            {
                if (!resource.EndsWith(Suffix, StringComparison.Ordinal)) continue;
                using var reader = new StreamReader(wing.GetManifestResourceStream(resource)!, Encoding.UTF8);
                files.Add(ClaimReader.Read(Document.Parse(reader.ReadToEnd(), resource), resource, ""));
            }
        }
        files.Sort((a, b) => string.CompareOrdinal(a.System, b.System));
        return files;
    }

    /// <summary>The files of systems by name; a name that ends in .yaml is a file of the user.</summary>
    /// <exception cref="InputException">An unknown system, or a mistake in a file.</exception>
    public static IReadOnlyList<ClaimFile> Find(IReadOnlyList<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        IReadOnlyList<ClaimFile> all = names.All(IsPath) ? [] : All();
        return [.. names.Distinct(StringComparer.Ordinal).Select(name => IsPath(name) ? ClaimReader.Load(name) : Named(name, all))];
    }

    private static bool IsPath(string name) => name.EndsWith(".yaml", StringComparison.Ordinal) || name.EndsWith(".yml", StringComparison.Ordinal);

    private static ClaimFile Named(string name, IReadOnlyList<ClaimFile> all) => all.FirstOrDefault(file => file.System == name)
        ?? throw new InputException($"there are no claims of '{name}'{Names.Suggest(name, [.. all.Select(file => file.System)])}");
}
