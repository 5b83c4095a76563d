using System.Text;

namespace Orrery.Documents;

/// <summary>
/// The names of an enum's members as documents write them: lower case with hyphens, <c>LeastLoaded</c> is <c>least-loaded</c>.
/// </summary>
public static class ChoiceNames
{
    /// <summary>In the order of the members' values.</summary>
    public static IReadOnlyList<string> All<TEnum>()
        where TEnum : struct, Enum => [.. Enum.GetValues<TEnum>().Select(Of).Distinct()];

    public static string Of<TEnum>(TEnum value)
        where TEnum : struct, Enum => Hyphenate(value.ToString());

    /// <exception cref="InvalidOperationException">Not one of <see cref="All"/>.</exception>
    public static TEnum Parse<TEnum>(string name)
        where TEnum : struct, Enum => Enum.GetValues<TEnum>().First(value => Of(value) == name);

    private static string Hyphenate(string member)
    {
        var name = new StringBuilder(member.Length + 4);
        for (int i = 0; i < member.Length; i++)
        {
            if (char.IsUpper(member[i]) && i > 0) name.Append('-');
            name.Append(char.ToLowerInvariant(member[i]));
        }
        return name.ToString();
    }
}
