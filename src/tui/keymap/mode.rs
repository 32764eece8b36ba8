//! Where keys have a meaning.

/// What the keys mean at the moment: the topmost layer, or the region with the focus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// The devices have the focus.
    Fleet,
    /// A feed has the focus.
    Feed,
    /// The page of incidents is in front.
    Incidents,
    /// The page of messages is in front.
    Messages,
    /// The page of wills is in front.
    Wills,
    /// The page of rules is in front.
    Rules,
    /// The list of lessons is in front.
    Lessons,
    /// A lesson is in front.
    Lesson,
    /// One incident is open as a sequence.
    Sequence,
    /// One device's detail is open.
    Detail,
    /// One message is open.
    Message,
    /// The death menu is open.
    Death,
    /// The menu of faults on many is open.
    Mass,
    /// lwtop asks how many devices to launch.
    Launch,
    /// lwtop asks yes or no.
    Confirm,
    /// What to look for is being written.
    Filter,
    /// The palette is open.
    Palette,
    /// The list of columns is open.
    Columns,
    /// The help is open.
    Help,
    /// The last notices are open.
    Notices,
}

impl Mode {
    /// Every mode.
    pub const ALL: [Self; 20] = [
        Self::Fleet,
        Self::Feed,
        Self::Incidents,
        Self::Messages,
        Self::Wills,
        Self::Rules,
        Self::Lessons,
        Self::Lesson,
        Self::Sequence,
        Self::Detail,
        Self::Message,
        Self::Death,
        Self::Mass,
        Self::Launch,
        Self::Confirm,
        Self::Filter,
        Self::Palette,
        Self::Columns,
        Self::Help,
        Self::Notices,
    ];

    /// Where it holds, in words.
    #[must_use]
    pub const fn place(self) -> &'static str {
        match self {
            Self::Fleet => "among the devices",
            Self::Feed => "in a feed",
            Self::Incidents => "on the page of incidents",
            Self::Messages => "on the page of messages",
            Self::Wills => "on the page of wills",
            Self::Rules => "on the page of rules",
            Self::Lessons => "in the list of lessons",
            Self::Lesson => "in a lesson",
            Self::Sequence => "in a sequence",
            Self::Detail => "in a device's detail",
            Self::Message => "in a message",
            Self::Death => "in the death menu",
            Self::Mass => "in the menu of faults on many",
            Self::Launch => "where a number is typed",
            Self::Confirm => "where a question is asked",
            Self::Filter => "while a filter is written",
            Self::Palette => "in the palette",
            Self::Columns => "in the list of columns",
            Self::Help => "in the help",
            Self::Notices => "in the list of notices",
        }
    }

    /// Whether characters choose or are typed, so that none can move the cursor.
    #[must_use]
    pub const fn takes_characters(self) -> bool {
        matches!(self, Self::Death | Self::Mass | Self::Launch | Self::Confirm) || self.is_text()
    }

    /// Whether a page fills the screen, from which one turns to any other.
    #[must_use]
    pub fn is_page(self) -> bool {
        super::TABBED.contains(&self)
    }

    /// Whether a text is written, so that every character is one of it.
    #[must_use]
    pub const fn is_text(self) -> bool {
        matches!(self, Self::Filter | Self::Palette)
    }
}
